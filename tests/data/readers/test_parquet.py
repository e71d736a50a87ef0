from pathlib import Path

import polars as pl
import pytest

from maskwise.data import containers
from maskwise.data.decoding import PhotoError, read_photo
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.errors import InputError
from tests.data.readers.formats import jpeg, task, write_photo


def frame(n: int = 5) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "image": [{"bytes": jpeg(k), "path": f"{k}.jpg"} for k in range(n)],
            "plant": [k // 2 for k in range(n)],
            "kind": ["oak"] * n,
            "weight": [k / 2 for k in range(n)],
        }
    )


def test_photos_inside_are_read_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_ROWS", 2)
    frame().write_parquet(tmp_path / "p.parquet")
    table = read_data(tmp_path / "p.parquet", task=task())
    assert table.photos[3] == "p.parquet/3"
    assert [read_photo(path) for path in table.paths] == [jpeg(k) for k in range(5)]
    assert table.persons.tolist() == ["0", "0", "1", "1", "2"]
    assert table.frame["weight"].to_list() == ["0", "0.5", "1", "1.5", "2"]
    scan = scan_photos(table)
    assert scan.usable.all()
    assert [p.name for p in tmp_path.iterdir()] == ["p.parquet"]


def test_plain_bytes_are_photos_too(tmp_path: Path) -> None:
    frame().with_columns(pl.col("image").struct.field("bytes").alias("image")).write_parquet(
        tmp_path / "p.parquet"
    )
    table = read_data(tmp_path / "p.parquet", task=task())
    assert read_photo(table.paths[4]) == jpeg(4)


def test_bytes_beside_paths_are_left_alone(tmp_path: Path) -> None:
    pl.DataFrame({"photo": ["a.jpg"], "digest": [b"123"], "plant": ["x"], "kind": ["oak"]}).write_parquet(
        tmp_path / "p.parquet"
    )
    assert read_data(tmp_path / "p.parquet", task=task()).photos == ["a.jpg"]


def test_a_path_is_used_where_there_are_no_bytes(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", 7)
    pl.DataFrame(
        {
            "image": [{"bytes": None, "path": "a.jpg"}, {"bytes": jpeg(1), "path": None}],
            "plant": ["x", "y"],
            "kind": ["oak"] * 2,
        },
        schema_overrides={"image": pl.Struct({"bytes": pl.Binary, "path": pl.String})},
    ).write_parquet(tmp_path / "p.parquet")
    table = read_data(tmp_path / "p.parquet", task=task())
    assert table.photos == ["a.jpg", "p.parquet/1"]
    assert scan_photos(table).usable.all()


def test_neither_bytes_nor_path_is_named(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "image": [{"bytes": jpeg(), "path": None}, {"bytes": None, "path": ""}],
            "plant": ["x", "y"],
            "kind": ["oak"] * 2,
        }
    ).write_parquet(tmp_path / "p.parquet")
    with pytest.raises(
        InputError, match=r"p\.parquet, row 2, column image: expected bytes or a path, got neither"
    ):
        read_data(tmp_path / "p.parquet", task=task())


@pytest.mark.parametrize(
    "name", ["p.parquet/5", "p.parquet/x", "p.parquet/-1", "p.parquet/0/1", "a.jpg/0", "q.parquet/0"]
)
def test_what_is_not_inside_is_missing(tmp_path: Path, name: str) -> None:
    frame().write_parquet(tmp_path / "p.parquet")
    write_photo(tmp_path / "a.jpg")
    (tmp_path / "q.parquet").write_bytes(b"no parquet")
    with pytest.raises(PhotoError):
        read_photo(tmp_path / name)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    frame(2).write_parquet(tmp_path / "p.parquet")
    assert read_photo(tmp_path / "p.parquet" / "1") == jpeg(1)
    frame(4)[::-1].write_parquet(tmp_path / "p.parquet")
    assert read_photo(tmp_path / "p.parquet" / "1") == jpeg(2)
