import numpy as np

from maskwise.audit.checks.duplicate_identity import duplicate_identities
from maskwise.audit.findings import Change
from maskwise.data.table import PhotoTable
from tests.audit.checks.conftest import PHOTOS, N, matches_of


def test_two_names_of_one_person_propose_to_name_them_alike(table: PhotoTable, features: np.ndarray) -> None:
    found = list(duplicate_identities(table, matches_of(table, features)))[:6]
    assert {(f.person, f.changes) for f in found} == {
        (f"p{k:03d}", (Change("", "person", f"p{k:03d}", f"p{N - 6 + k}"),)) for k in range(6)
    }
    first = found[0]
    number = int(first.person[1:])
    assert first.photos[:2] == (f"{PHOTOS * number + 2:04d}.jpg", f"{PHOTOS * number + 3:04d}.jpg")
    assert "expected by chance" in first.reason
    assert first.probability is not None and first.probability > 0.5
