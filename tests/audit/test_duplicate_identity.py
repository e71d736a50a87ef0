from pathlib import Path

import numpy as np
import pytest

from maskwise.audit.duplicate_identity import (
    known_elsewhere,
    n_others,
    pairs_of_names,
    two_names,
    why_not_compared,
)
from maskwise.audit.findings import Change
from maskwise.audit.reidentification import FEWEST_PERSONS, MOST_PERSONS
from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from tests.audit.test_reidentification import people
from tests.pictures import picture, write_jpeg, write_table

N, PHOTOS, THERE = 160, 4, 46


def table_of(folder: Path, persons: list[str | None]) -> PhotoTable:
    """A table whose photos nobody opens."""
    for number in range(len(persons)):
        write_jpeg(folder / f"{number:04d}.jpg", picture(0, height=8, width=8))
    photos = [(f"{number:04d}.jpg",) for number in range(len(persons))]
    if persons[0] is None:
        return read_data(write_table(folder / "table.csv", ("photo",), photos))
    named = [(*photo, person) for photo, person in zip(photos, persons, strict=True)]
    return read_data(write_table(folder / "table.csv", ("photo", "person"), named))


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    """Of 160 persons, the last six being the first six again."""
    return people(0, N, 6, photos=PHOTOS)[0]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> PhotoTable:
    return table_of(tmp_path_factory.mktemp("table"), [f"p{k // PHOTOS:03d}" for k in range(N * PHOTOS)])


def test_two_names_of_one_person_propose_to_name_them_alike(table: PhotoTable, features: np.ndarray) -> None:
    found = list(two_names(table, pairs_of_names(table, features)))[:6]
    assert {(f.person, f.changes) for f in found} == {
        (f"p{k:03d}", (Change("", "person", f"p{k:03d}", f"p{N - 6 + k}"),)) for k in range(6)
    }
    first = found[0]
    number = int(first.person[1:])
    assert first.photos[:2] == (f"{PHOTOS * number + 2:04d}.jpg", f"{PHOTOS * number + 3:04d}.jpg")
    assert "are chance" in first.reason
    assert first.probability is not None and first.probability > 0.5


@pytest.mark.parametrize("persons_known", [True, False])
def test_persons_whom_other_data_have_are_told_once(
    table: PhotoTable, features: np.ndarray, persons_known: bool, tmp_path: Path
) -> None:
    there = np.arange(len(table)) >= (N - THERE) * PHOTOS
    names = [f"x{k // PHOTOS}" if persons_known else None for k in range(THERE * PHOTOS)]
    other = table_of(tmp_path, names)
    assert bool(other.frame["person"].null_count()) is not persons_known
    here = table.keep(~there)
    found = list(known_elsewhere(here, features[~there], [], other, features[there], "eval"))
    true = {f"p{k:03d}" for k in range(6)}
    told = [f.person for f in found if f.probability is not None and f.probability > 0.5]
    assert len(told) == len(set(told))
    assert len(true & set(told)) >= (5 if persons_known else 3)  # a photo alone tells less
    assert len(set(told) - true) <= 1
    best = found[0]
    assert best.changes == (Change("", "exclude", "", ""),)
    assert all(path.parent == tmp_path and path.is_file() for path in best.elsewhere)
    assert "of eval" in best.reason


def test_who_stands_under_two_names_here_is_left_out_under_both_where_other_data_have_them(
    table: PhotoTable, features: np.ndarray, tmp_path: Path
) -> None:
    # The first six persons are the last six again, and three of them stand in the other data too.
    other = table_of(tmp_path, [f"x{k // PHOTOS}" for k in range(60 * PHOTOS)])
    theirs = people(9, 60, 0, photos=PHOTOS)[0]
    noise = np.random.default_rng(5).normal(0, 1, (3 * PHOTOS, 40)) * np.linspace(0.2, 2, 40)
    means = features.reshape(N, PHOTOS, 40).mean(axis=1)
    theirs[: 3 * PHOTOS] = np.repeat((means[:3] + means[-6:-3]) / 2, PHOTOS, axis=0) + noise
    hidden = list(known_elsewhere(table, features, [], other, theirs, "eval"))
    assert not [f for f in hidden if f.person in ("p000", "p001", "p002") and (f.probability or 0) > 0.5]
    pairs = pairs_of_names(table, features)
    found = known_elsewhere(table, features, pairs, other, theirs, "eval")
    told = {f.person for f in found if f.probability is not None and f.probability > 0.5}
    assert told == {"p000", "p001", "p002", "p154", "p155", "p156"}


def test_few_and_very_many_persons_are_not_compared(table: PhotoTable) -> None:
    assert f"eval has {FEWEST_PERSONS - 1}" in why_not_compared(FEWEST_PERSONS - 1, "eval")
    assert not why_not_compared(FEWEST_PERSONS, "eval")
    assert not why_not_compared(MOST_PERSONS, "eval")
    assert why_not_compared(MOST_PERSONS + 1, "eval")
    assert n_others(table) == N
