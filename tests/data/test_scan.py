import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwise.data.cache_folder import cache_folder
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from tests.pictures import make_people, picture, write_jpeg


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    make_people(tmp_path, 4)
    folders = sorted((tmp_path / "images").iterdir())
    (folders[0] / "mask1.jpg").write_bytes(b"")
    whole = (folders[0] / "mask2.jpg").read_bytes()
    (folders[0] / "mask2.jpg").write_bytes(whole[: len(whole) // 2])
    (folders[1] / "mask1.jpg").write_text("<html>404</html>")
    (folders[1] / "mask2.jpg").unlink()
    Image.new("L", (12_000, 9_000)).save(folders[1] / "mask3.png")
    (folders[1] / "mask3.jpg").unlink()
    Image.fromarray(picture(9)).save(folders[2] / "mask1.jpg", "PNG")  # right content, wrong name: fine
    return tmp_path


def test_sets_aside_what_cannot_be_used_with_the_reason(broken: Path) -> None:
    scan = scan_photos(read_data(broken))
    reasons = {
        Path(photo).parent.name[:6] + "/" + Path(photo).stem: reason
        for photo, reason in scan.set_aside.rows()
    }
    assert reasons["000000/mask1"] == "empty file"
    assert reasons["000000/mask2"].startswith("broken")
    assert reasons["000001/mask1"].startswith("no photo")
    assert reasons["000001/mask2"] == "missing"
    assert reasons["000001/mask3"].startswith("too large: 108 megapixels")
    assert len(reasons) == 5
    assert scan.usable.sum() == 4 * 7 - 5


def test_remembers_by_path_size_and_time(broken: Path) -> None:
    table = read_data(broken)
    first = scan_photos(table)
    assert first.n_remembered == 0
    second = scan_photos(table)
    assert second.n_remembered == 4 * 7 - 1  # a missing photo is looked for again
    assert second.frame.equals(first.frame)
    path = table.paths[-1]
    write_jpeg(path, picture(77))
    os.utime(path, ns=(1, 1))
    third = scan_photos(table)
    assert third.n_remembered == 4 * 7 - 2
    assert third.frame["digest"][-1] != first.frame["digest"][-1]


def test_a_broken_memory_is_made_anew(people: Path) -> None:
    table = read_data(people)
    first = scan_photos(table)
    for memory in (cache_folder() / "scans").glob("*.parquet"):
        memory.write_bytes(b"broken")
    again = scan_photos(table)
    assert again.n_remembered == 0
    assert again.frame.equals(first.frame)


def test_workers_change_nothing_and_progress_ends_at_the_total(
    people: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = read_data(people)
    seen: list[tuple[int, int]] = []
    one = scan_photos(table, workers=1, progress=lambda done, total: seen.append((done, total)))
    monkeypatch.setenv("MASKWISE_CACHE", str(tmp_path))
    four = scan_photos(table, workers=4)
    assert one.frame.equals(four.frame)
    assert seen[-1] == (len(table), len(table))
    assert np.all(np.diff([done for done, _ in seen]) >= 0)


def test_a_cache_that_cannot_be_written_is_no_error(
    people: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MASKWISE_CACHE", str(tmp_path / "file"))
    assert scan_photos(read_data(people)).usable.all()


def test_no_photos_are_looked_at_without_trouble(people: Path) -> None:
    table = read_data(people)
    nothing = scan_photos(table.keep(np.zeros(len(table), dtype=np.bool_)))
    assert len(nothing.frame) == 0
    assert nothing.frame.columns == scan_photos(table).frame.columns
