from pathlib import Path

import polars as pl
import pytest

from maskwise.competition.task import competition_task
from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from tests.pictures import write_table


def read(path: Path) -> PhotoTable:
    return read_data(path, task=competition_task())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_reads_both_formats_alike(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame(
        {
            "photo": ["a.jpg", "b.jpg"],
            "person": ["007", "008"],
            "mask": ["worn", None],
            "gender": ["female", "male"],
            "age": [30, None],
            "age_band": [None, ">=60"],
            "site": ["x", "y"],
        },
        schema_overrides={"age": pl.Int64},
    )
    path = tmp_path / f"table{suffix}"
    frame.write_csv(path) if suffix == ".csv" else frame.write_parquet(path)
    table = read(path)
    assert table.frame["person"].to_list() == ["007", "008"]
    assert table.label_indices().tolist() == [[0, 1, 1], [-1, 0, 2]]
    assert table.group_columns == ["site"]
    assert table.paths[0] == tmp_path / "a.jpg"


def test_a_band_alone_keeps_its_place_when_boundaries_move(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv", ("photo", "age", "age_band"), [("a", "", ">=60"), ("b", 58, "")])
    table = read(path)
    moved = table.space.with_boundaries({"age": (30, 58)})
    assert table.label_indices(moved)[:, 2].tolist() == [2, 2]
    assert table.label_indices()[:, 2].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (("photo", "age"), ("b", -3), r"t\.csv, row 3, column age: expected a number of years from 0 to 120"),
        (("photo", "age"), ("b", "abc"), r"row 3, column age.*'abc'"),
        (("photo", "age_band"), ("b", "old"), r"row 3, column age_band: expected one of <30, 30-59, >=60"),
        (("photo", "mask"), ("b", "chin"), r"row 3, column mask: expected one of worn, incorrect, none"),
        (("photo", "split"), ("b", "never"), r"row 3, column split: expected train or held-out"),
        (("photo", "person"), ("b", ""), r"row 3, column person: expected a value"),
        (("photo", "person"), ("a", "x"), r"row 3, column photo: expected each photo once"),
    ],
)
def test_a_wrong_row_is_named(
    tmp_path: Path, header: tuple[str, ...], row: tuple[object, ...], message: str
) -> None:
    first = {"age": 1, "age_band": "<30", "mask": "worn", "split": "train", "person": "x"}[header[1]]
    path = write_table(tmp_path / "t.csv", header, [("a", first), row])
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_band_that_contradicts_the_number_is_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv", ("photo", "age", "age_band"), [("a", 29, "<30"), ("b", 30, "<30")])
    with pytest.raises(InputError, match="row 3, column age_band: expected the band of the same row's age"):
        read(path)


def test_a_table_needs_photos(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing photo, got picture, age"):
        read(write_table(tmp_path / "t.csv", ("picture", "age"), [("a", 30)]))
    with pytest.raises(InputError, match="at least one row"):
        read(write_table(tmp_path / "u.csv", ("photo", "age"), []))
    (tmp_path / "v.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="Parquet"):
        read(tmp_path / "v.parquet")
    (tmp_path / "w.txt").write_text("x")
    with pytest.raises(InputError, match=r"\.csv, \.parquet or \.jsonl"):
        read(tmp_path / "w.txt")


def test_photos_of_unknown_persons_stand_for_themselves(tmp_path: Path) -> None:
    table = read(write_table(tmp_path / "t.csv", ("photo",), [("a",), ("b",)]))
    assert table.persons.tolist() == ["a", "b"]
    assert table.frame["person"].null_count() == 2
