from pathlib import Path

import numpy as np
import pytest

from maskwise.audit.checks.persons_in_other_data import find_known_persons
from maskwise.audit.findings import Change
from maskwise.audit.inputs import why_not_matched
from maskwise.audit.person_photos import person_or_photo_index
from maskwise.audit.reidentification import FEWEST_PERSONS, MOST_PERSONS
from maskwise.data.table import PhotoTable
from tests.audit.checks.conftest import PHOTOS, N, matches_of
from tests.audit.tables import table_of
from tests.audit.test_reidentification import people

THERE = 46


@pytest.mark.parametrize("persons_known", [True, False])
def test_persons_whom_other_data_contain_are_reported_once(
    table: PhotoTable, features: np.ndarray, persons_known: bool, tmp_path: Path
) -> None:
    there = np.arange(len(table)) >= (N - THERE) * PHOTOS
    names = [f"x{k // PHOTOS}" if persons_known else None for k in range(THERE * PHOTOS)]
    other = table_of(tmp_path, names)
    assert bool(other.frame["person"].null_count()) is not persons_known
    here = table.keep(~there)
    found = list(find_known_persons(here, features[~there], [], other, features[there], "eval"))
    true = {f"p{k:03d}" for k in range(6)}
    reported = [f.person for f in found if f.probability is not None and f.probability > 0.5]
    assert len(reported) == len(set(reported))
    assert len(true & set(reported)) >= (5 if persons_known else 3)  # a single photo is weaker evidence
    assert len(set(reported) - true) <= 1
    best = found[0]
    assert best.changes == (Change("", "exclude", "", ""),)
    assert all(path.parent == tmp_path and path.is_file() for path in best.elsewhere)
    assert "of eval" in best.reason


def test_a_person_under_two_names_here_is_left_out_under_both_where_other_data_contain_them(
    table: PhotoTable, features: np.ndarray, tmp_path: Path
) -> None:
    # The first six persons are the last six again, and three of them stand in the other data too.
    other = table_of(tmp_path, [f"x{k // PHOTOS}" for k in range(60 * PHOTOS)])
    theirs = people(9, 60, 0, photos=PHOTOS)[0]
    noise = np.random.default_rng(5).normal(0, 1, (3 * PHOTOS, 40)) * np.linspace(0.2, 2, 40)
    means = features.reshape(N, PHOTOS, 40).mean(axis=1)
    theirs[: 3 * PHOTOS] = np.repeat((means[:3] + means[-6:-3]) / 2, PHOTOS, axis=0) + noise
    hidden = list(find_known_persons(table, features, [], other, theirs, "eval"))
    assert not [f for f in hidden if f.person in ("p000", "p001", "p002") and (f.probability or 0) > 0.5]
    pairs = matches_of(table, features)
    found = find_known_persons(table, features, pairs, other, theirs, "eval")
    reported = {f.person for f in found if f.probability is not None and f.probability > 0.5}
    assert reported == {"p000", "p001", "p002", "p154", "p155", "p156"}


def test_few_and_very_many_persons_are_not_compared(table: PhotoTable) -> None:
    assert f"eval has {FEWEST_PERSONS - 1}" in why_not_matched(FEWEST_PERSONS - 1, "eval")
    assert not why_not_matched(FEWEST_PERSONS, "eval")
    assert not why_not_matched(MOST_PERSONS, "eval")
    assert why_not_matched(MOST_PERSONS + 1, "eval")
    assert person_or_photo_index(table).max() == N - 1
