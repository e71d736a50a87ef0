from pathlib import Path

import pytest

from maskwise.data.readers.class_folders import read_class_folders
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.data.readers.formats import task, write_photo

KIND = "{name: kind, values: [oak, elm]}"


def test_classes_by_folder_and_groups_by_name(tmp_path: Path) -> None:
    for kind in ("oak", "elm"):
        for k in range(4):
            write_photo(tmp_path / kind / f"p{k // 2}_{kind}_{k}.jpg", k)
    (tmp_path / "oak" / ".hidden.jpg").write_bytes(b"x")
    (tmp_path / "oak" / "notes.txt").write_text("x")
    declared = task(KIND, more="columns: {kind: folder}, from_path: '(?P<plant>p[0-9]+_[a-z]+)_[0-9]+[.]'")
    table = read_data(tmp_path, task=declared)
    assert table.photos == sorted(table.photos)
    assert len(table) == 8
    assert table.label_indices()[:, 0].tolist() == [1] * 4 + [0] * 4
    assert table.persons.tolist()[::2] == ["p0_elm", "p1_elm", "p0_oak", "p1_oak"]


def test_groups_by_the_second_folder(tmp_path: Path) -> None:
    for place in ("oak/a", "oak/b", "elm/c"):
        write_photo(tmp_path / place / "1.JPG")
    table = read_data(tmp_path, task=task(KIND, more="columns: {kind: folder, plant: subfolder}"))
    assert table.persons.tolist() == ["c", "a", "b"]


def test_parts_of_a_split_are_no_classes(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        for kind in ("oak", "elm"):
            write_photo(tmp_path / part / kind / f"{part}.jpg")
    raw = read_class_folders(tmp_path)
    assert raw.frame["folder"].unique(maintain_order=True).to_list() == ["elm", "oak"]
    assert dict(zip(raw.frame["photo"], raw.frame["split"], strict=True))["val/oak/val.jpg"] == "held-out"
    assert raw.notes == ("test and val together are held out",)


def test_one_flat_folder(tmp_path: Path) -> None:
    write_photo(tmp_path / "25_0.jpg")
    assert read_class_folders(tmp_path).frame.columns == ["photo"]
    write_photo(tmp_path / "oak" / "1.jpg")
    raw = read_class_folders(tmp_path)
    assert raw.frame["folder"].to_list() == [None, "oak"]
    assert raw.notes == ("1 photos lie in no class folder, so their class is unknown",)


def test_no_photos_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected photos"):
        read_class_folders(tmp_path)
    with pytest.raises(InputError, match="a folder of photos"):
        read_data(tmp_path)
