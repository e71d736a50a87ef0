"""Persons of whom some stand under two names, for the checks that compare persons."""

import numpy as np
import pytest

from maskwise.audit.inputs import AuditInputs
from maskwise.audit.reidentification import PersonMatch
from maskwise.data.table import PhotoTable
from tests.audit.tables import table_of
from tests.audit.test_reidentification import people

N, PHOTOS = 160, 4


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    """Of 160 persons, the last six being the first six again."""
    return people(0, N, 6, photos=PHOTOS)[0]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> PhotoTable:
    return table_of(tmp_path_factory.mktemp("table"), [f"p{k // PHOTOS:03d}" for k in range(N * PHOTOS)])


def matches_of(table: PhotoTable, features: np.ndarray) -> list[PersonMatch]:
    """What an audit takes for pairs of one person."""
    inputs = AuditInputs(table)
    inputs.__dict__.update(usable=table, features=features)
    return inputs.person_matches
