from pathlib import Path

import cv2
import numpy as np

from maskwise.audit.run_audit import audit
from maskwise.data.corrections import apply_corrections
from maskwise.data.readers.read_data import read_data
from tests.audit.tables import rows
from tests.pictures import make_eval, make_people, picture, write_jpeg, write_table


def test_the_copy_is_the_photo_that_is_unlike_the_other_photos_of_its_person(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    folders = sorted((data / "images").iterdir())
    for person, folder in enumerate(folders):  # photos of a person are alike
        tint = np.array([9 * person, 220 - 9 * person, 5 * person])
        for number, photo in enumerate(sorted(folder.glob("*.jpg"))):
            write_jpeg(photo, (picture(100 * person + number) // 8 + tint).astype(np.uint8))
    (folders[3] / "mask2.jpg").write_bytes((folders[20] / "mask2.jpg").read_bytes())  # the copy comes first
    (folders[15] / "mask4.jpg").write_bytes((folders[7] / "mask4.jpg").read_bytes())
    for copy in (folders[9], folders[1]):  # one picture, three persons: one stays
        (copy / "mask5.jpg").write_bytes((folders[12] / "mask5.jpg").read_bytes())
    found = audit(data, tmp_path / "a", photos_in_report=False).findings
    copies = {f.person: [c.photo for c in f.changes] for f in found if f.kind == "identical photo"}
    assert copies == {
        folders[3].name: [f"images/{folders[3].name}/mask2.jpg"],
        folders[15].name: [f"images/{folders[15].name}/mask4.jpg"],
        folders[9].name: [f"images/{folders[9].name}/mask5.jpg"],
        folders[1].name: [f"images/{folders[1].name}/mask5.jpg"],
    }


def test_where_the_copy_is_not_known_the_proposal_can_still_be_applied(tmp_path: Path) -> None:
    for k in range(6):
        write_jpeg(tmp_path / f"{k}.jpg", picture(k))
    (tmp_path / "4.jpg").write_bytes((tmp_path / "1.jpg").read_bytes())
    listed = [(f"{k}.jpg", f"p{k}", "male", 30) for k in range(6)]
    data = write_table(tmp_path / "t.csv", ("photo", "person", "gender", "age"), listed)
    (copy,) = [f for f in audit(data, tmp_path / "a").findings if f.kind == "identical photo"]
    assert "is not known" in copy.reason
    proposals = rows(tmp_path / "a/corrections.csv")
    accepted = [tuple({**row, "accept": "yes"}.values()) for row in proposals]
    path = write_table(tmp_path / "c.csv", tuple(proposals[0]), accepted)
    assert "4.jpg" not in apply_corrections(read_data(data), path).table.photos


def test_mirrored_copies_are_reported(tmp_path: Path) -> None:
    data = make_people(tmp_path / "train", 24)
    make_eval(tmp_path / "eval", 12)
    folders = sorted((data / "images").iterdir())

    def mirrored(photo: Path) -> np.ndarray:
        pixels = cv2.imdecode(np.frombuffer(photo.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        return pixels[:, ::-1, ::-1]

    theirs = sorted((tmp_path / "eval/images").iterdir())[0]
    write_jpeg(folders[4] / "mask1.jpg", mirrored(folders[9] / "mask1.jpg"), quality=70)
    write_jpeg(folders[7] / "mask2.jpg", mirrored(theirs), quality=70)
    found = audit(data, tmp_path / "a", photos_in_report=False).findings
    copies = [f for f in found if f.kind == "near-identical photo"]
    assert [{Path(photo).parent.name for photo in f.photos} for f in copies] == [
        {folders[4].name, folders[9].name}
    ]
    (known,) = [f for f in found if f.kind == "photo of other data"]
    assert (known.person, known.elsewhere) == (folders[7].name, (theirs,))


def test_a_person_filed_twice_is_left_out_in_one_place_only(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    folders = sorted((data / "images").iterdir())
    first, second = folders[3], folders[16]
    for photo in first.iterdir():
        (second / photo.name).write_bytes(photo.read_bytes())
    # Masks drawn on one picture: photos of a person that are copies of one another.
    base = picture(77)
    for folder in (folders[5], folders[10]):
        for number in (1, 2, 3):
            write_jpeg(folder / f"mask{number}.jpg", base, quality=80 + number + (folder == folders[5]))
    found = audit(data, tmp_path / "a", photos_in_report=False).findings
    copies = [f for f in found if f.kind in ("identical photo", "near-identical photo")]
    assert {tuple(sorted({Path(photo).parent.name for photo in f.photos})) for f in copies} == {
        (first.name, second.name),
        (folders[5].name, folders[10].name),
    }
    per_person = [[f.person for f in copies].count(folder.name) for folder in (first, second)]
    assert sorted(per_person) == [0, 7]
    assert sorted([f.person for f in copies].count(folder.name) for folder in (folders[5], folders[10])) == [
        0,
        3,
    ]
