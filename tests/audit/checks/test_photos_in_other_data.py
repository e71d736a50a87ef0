from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest

from maskwise.audit.run_audit import audit
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.pictures import make_eval, make_people, write_jpeg


def test_other_data_the_split_and_repeated_files_are_checked(tmp_path: Path) -> None:
    data = make_people(tmp_path / "all" / "train", 24)
    names = make_eval(tmp_path / "all" / "eval", 6)
    folders = sorted((data / "images").iterdir())
    (folders[0] / "mask1.jpg").write_bytes((tmp_path / "all/eval/images" / names[0]).read_bytes())
    (folders[1] / "mask2.jpg").write_bytes((folders[1] / "mask1.jpg").read_bytes())
    found = audit(tmp_path / "all", tmp_path / "a", photos_in_report=False).findings
    by_kind = {f.kind: f for f in found}
    assert by_kind["photo of other data"].person == folders[0].name
    assert by_kind["the same file twice"].person == folders[1].name
    frame = read_data(data).frame.with_columns(split=pl.Series(["train"] * 160 + ["held-out"] * 8))
    frame.drop("source").write_csv(data / "table.csv")
    split = audit(data / "table.csv", tmp_path / "b", against=[tmp_path / "all/eval"], photos_in_report=False)
    kinds = {f.kind: f.person for f in split.findings}
    assert kinds["person on both sides"] == folders[22].name
    assert kinds["photo of other data"] == folders[0].name
    named_too = audit(
        tmp_path / "all", tmp_path / "c", against=[tmp_path / "all/eval"] * 2, photos_in_report=False
    )
    assert [f.kind for f in named_too.findings].count("photo of other data") == 1
    with pytest.raises(InputError, match="other data to compare with than the audited"):
        audit(data, tmp_path / "d", against=[data], photos_in_report=False)


def test_every_photo_that_other_data_contain_is_reported(tmp_path: Path) -> None:
    data = make_people(tmp_path / "train", 24)
    make_eval(tmp_path / "eval", 4)
    photo, broken = sorted((tmp_path / "eval/images").iterdir())[:2]
    folders = sorted((data / "images").iterdir())
    for folder in folders[:2]:
        (folder / "mask1.jpg").write_bytes(photo.read_bytes())
    pixels = cv2.imdecode(np.frombuffer(photo.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    write_jpeg(folders[5] / "mask3.jpg", pixels[..., ::-1], quality=60)
    broken.write_bytes(b"")
    found = audit(data, tmp_path / "a").findings  # the evaluation side beside it is found
    copies = [f for f in found if f.kind == "photo of other data"]
    assert {f.person for f in copies} == {folders[0].name, folders[1].name, folders[5].name}
    assert all(f.elsewhere == (photo,) for f in copies)
    (unusable,) = [f for f in found if f.kind == "unusable file"]
    assert (unusable.photos, unusable.elsewhere) == ((), (broken,))
    assert f"{broken.name} of eval: empty file" in unusable.reason
    with pytest.raises(InputError, match="nowhere"):
        audit(data, tmp_path / "b", against=[tmp_path / "nowhere"])
