from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwise.audit.image_alignment import read_grey
from maskwise.audit.transformed_copies import find_transformed_copies, find_transformed_copies_across
from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from tests.pictures import picture, write_jpeg, write_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> PhotoTable:
    """Twelve persons with a photo each; the last two have parts of the first two's, one of them mirrored."""
    folder = tmp_path_factory.mktemp("table")
    pictures = [picture(seed, height=256, width=192) for seed in range(10)]
    parts = [image[20:240, 10:175] for image in pictures[:2]]
    pictures += [parts[0], parts[1][:, ::-1]]
    for number, image in enumerate(pictures):
        write_jpeg(folder / f"{number:02d}.jpg", image, quality=80)
    named = [(f"{number:02d}.jpg", f"p{number}") for number in range(len(pictures))]
    return read_data(write_table(folder / "table.csv", ("photo", "person"), named))


def features(table: PhotoTable) -> np.ndarray:
    """Coarse shades, mirrored and not taken together."""
    greys = [cv2.resize(read_grey(path), (6, 8), interpolation=cv2.INTER_AREA) for path in table.paths]
    return np.stack([(grey + grey[:, ::-1]).ravel() for grey in greys]).astype(np.float32)


def test_parts_of_a_picture_are_found_and_nothing_else(table: PhotoTable) -> None:
    seen: list[tuple[int, int]] = []
    found = find_transformed_copies(
        table, features(table), np.arange(12), lambda done, total: seen.append((done, total))
    )
    assert found == [(0, 10), (1, 11)]
    assert seen[-1][0] == seen[-1][1] > 12


def test_photos_of_one_owner_are_not_compared(table: PhotoTable) -> None:
    owners = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 11])
    assert find_transformed_copies(table, features(table), owners) == [(1, 11)]
    assert find_transformed_copies(table, features(table), np.zeros(12, dtype=np.int64)) == []


def test_parts_of_other_datas_pictures_are_found(table: PhotoTable) -> None:
    known, other = np.arange(12) < 6, np.arange(12) >= 6
    found = find_transformed_copies_across(
        table.keep(known), features(table)[known], table.keep(other), features(table)[other]
    )
    assert found == [(0, 4), (1, 5)]
    nothing = table.keep(np.zeros(12, dtype=bool))
    assert find_transformed_copies_across(table, features(table), nothing, features(table)[:0]) == []
    assert find_transformed_copies(nothing, features(table)[:0], np.arange(0)) == []


def test_a_photo_that_has_been_deleted_meanwhile_is_no_copy(table: PhotoTable, tmp_path: Path) -> None:
    named = [(f"{number:02d}.jpg", f"p{number}") for number in range(12)]
    for number in range(11):
        (tmp_path / f"{number:02d}.jpg").write_bytes(table.paths[number].read_bytes())
    left = read_data(write_table(tmp_path / "table.csv", ("photo", "person"), named))
    assert find_transformed_copies(left, features(table), np.arange(12)) == [(0, 10)]
