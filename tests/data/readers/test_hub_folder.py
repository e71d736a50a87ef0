from pathlib import Path

import polars as pl
import pytest

from maskwise.data.readers.read_data import read_data, read_raw
from maskwise.data.scan import scan_photos
from maskwise.errors import InputError
from tests.data.readers.formats import jpeg, task, write_photo

ROWS = pl.DataFrame(
    {"file_name": ["images/a.jpg", "images/b.jpg"], "plant": ["1", "2"], "kind": ["oak", "elm"]}
)


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "labels.csv", "metadata.parquet"])
def test_a_table_beside_its_photos(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writers = {".csv": ROWS.write_csv, ".jsonl": ROWS.write_ndjson, ".parquet": ROWS.write_parquet}
    writers[path.suffix](path)
    for k, photo in enumerate(ROWS["file_name"]):
        write_photo(tmp_path / photo, k)
    table = read_data(tmp_path, task=task())
    assert table.label_indices()[:, 0].tolist() == [0, 1]
    assert scan_photos(table).usable.all()


def test_a_table_for_each_part(tmp_path: Path) -> None:
    for part in ("train", "validation"):
        (tmp_path / part).mkdir()
        ROWS.with_columns(plant=pl.lit(part)).write_csv(tmp_path / part / "metadata.csv")
        for photo in ROWS["file_name"]:
            write_photo(tmp_path / part / photo)
    table = read_data(tmp_path, task=task())
    assert table.photos[0] == "train/images/a.jpg"
    assert table.frame["split"].to_list() == ["train", "train", "held-out", "held-out"]
    assert scan_photos(table).usable.all()


def test_shards_with_photos_inside(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for part, names in (("train", ("a", "b")), ("test", ("c",))):
        pl.DataFrame(
            {
                "image": [{"bytes": jpeg(ord(n)), "path": f"{n}.jpg"} for n in names],
                "plant": list(names),
                "kind": ["oak"] * len(names),
            }
        ).write_parquet(tmp_path / "data" / f"{part}-00000-of-00001.parquet")
    table = read_data(tmp_path, task=task())
    assert table.photos == [
        "data/test-00000-of-00001.parquet/0",
        "data/train-00000-of-00001.parquet/0",
        "data/train-00000-of-00001.parquet/1",
    ]
    assert table.frame["split"].to_list() == ["held-out", "train", "train"]
    assert scan_photos(table).usable.all()
    assert scan_photos(table).n_remembered == 3


def test_two_metadata_files_contradict_each_other(tmp_path: Path) -> None:
    ROWS.write_csv(tmp_path / "metadata.csv")
    ROWS.write_ndjson(tmp_path / "metadata.jsonl")
    with pytest.raises(InputError, match=r"expected one metadata file, got metadata\.csv, metadata\.jsonl"):
        read_raw(tmp_path)


def test_no_photo_column_is_named(tmp_path: Path) -> None:
    ROWS.rename({"file_name": "bild"}).write_csv(tmp_path / "metadata.csv")
    with pytest.raises(InputError, match=r"file_name, .*got bild, plant, kind"):
        read_data(tmp_path, task=task())
    table = read_data(tmp_path, task=task(more="columns: {photo: bild}"))
    assert table.photos == ["images/a.jpg", "images/b.jpg"]
