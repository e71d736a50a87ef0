from pathlib import Path

import cv2
from PIL import Image

from maskwise.audit.run_audit import audit
from tests.pictures import make_people, picture


def test_unlisted_files_and_odd_numbers_of_photos_are_reported_and_an_mpo_is_a_jpeg(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    folders = sorted((data / "images").iterdir())
    phone = Image.fromarray(picture(1))
    exif = Image.Exif()
    exif[0x010F] = "a phone"
    phone.save(folders[0] / "mask1.jpg", "MPO", save_all=True, append_images=[phone], exif=exif)
    (folders[1] / "note.txt").write_text("x")
    (folders[2] / "mask1.png").write_bytes((folders[2] / "mask1.jpg").read_bytes())
    kinds = {(f.kind, f.person) for f in audit(data, tmp_path / "a", photos_in_report=False).findings}
    assert {("extra file", folders[1].name), ("many photos", folders[2].name)} <= kinds
    assert not [kind for kind in kinds if kind[1] == folders[0].name and kind[0] == "misnamed file"]


def test_a_suffix_that_is_not_the_formats_is_reported(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    folder = sorted((data / "images").iterdir())[4]
    cv2.imwrite(str(tmp_path / "x.png"), picture(3))
    (folder / "mask2.jpg").write_bytes((tmp_path / "x.png").read_bytes())
    found = audit(data, tmp_path / "a", photos_in_report=False).findings
    assert [f.person for f in found if f.kind == "misnamed file"] == [folder.name]
