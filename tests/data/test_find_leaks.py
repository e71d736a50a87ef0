from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest

from maskwise.data.find_leaks import find_leaks
from maskwise.errors import InputError


def write_photos(folder: Path, n: int) -> list[str]:
    """Photos of smooth noise, each unlike the others."""
    random = np.random.default_rng(0)
    names = [f"{i}.png" for i in range(n)]
    for name in names:
        pixels = cv2.resize(random.integers(0, 256, (6, 6, 3), dtype=np.uint8), (96, 96))
        cv2.imwrite(str(folder / name), pixels)
    return names


def test_shared_groups_and_copies_are_found(tmp_path: Path) -> None:
    names = write_photos(tmp_path, 8)
    (tmp_path / "7.png").write_bytes((tmp_path / "0.png").read_bytes())  # a copy across the split
    small = cv2.imread(str(tmp_path / "1.png"))
    cv2.imwrite(str(tmp_path / "6.png"), cv2.resize(small, (64, 64)))  # nearly one
    table = pl.DataFrame(
        {
            "photo": names,
            "patient": ["a", "b", "c", "d", "d", "e", "f", "g"],
            "split": ["train"] * 4 + ["test"] * 4,
        }
    )
    table.write_csv(tmp_path / "table.csv")
    found = find_leaks(tmp_path / "table.csv")
    assert [(g.name, g.rows_by_side) for g in found.shared_groups] == [("d", {"test": 1, "train": 1})]
    assert {(c.first, c.second, c.identical) for c in found.copies} == {
        ("0.png", "7.png", True),
        ("1.png", "6.png", False),
    }
    assert found.found
    assert (found.n_groups, found.n_photos_checked) == (7, 8)


def test_a_clean_split_is_called_clean_and_what_was_not_checked_is_noted() -> None:
    table = pl.DataFrame({"group": [1, 1, 2, 3], "fold": [0, 0, 1, None]})
    found = find_leaks(table)
    assert not found.found
    assert found.rows_by_side == {"0": 2, "1": 1}
    assert found.notes == (
        "1 rows without a fold are not checked",
        "without a column photo, copies of photos are not looked for",
    )


def test_bad_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="several sides, got train"):
        find_leaks(pl.DataFrame({"group": [1, 2], "split": ["train", "train"]}))
    with pytest.raises(InputError, match="the group of each row"):
        find_leaks(pl.DataFrame({"id": [1, 2], "split": ["train", "test"]}))
    with pytest.raises(InputError, match=r"the side of each row \(where\)"):
        find_leaks(pl.DataFrame({"group": [1, 2]}), split="where")
    with pytest.raises(InputError, match=r"ending in \.csv or \.parquet"):
        find_leaks(tmp_path / "table.xlsx")
