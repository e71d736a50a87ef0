import csv
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest
from PIL import Image

from maskwise.audit.file_checks import find_cap
from maskwise.audit.findings import Finding
from maskwise.audit.precision import Bar, expected_bars
from maskwise.data.corrections import apply_corrections
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.training.folds import train_folds
from tests.opened import audit
from tests.pictures import TINY, make_eval, make_people, picture, write_jpeg, write_table


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 persons with a fault of each kind that is known."""
    data = make_people(tmp_path_factory.mktemp("faulty") / "data", 60)
    folders = sorted((data / "images").iterdir())
    (folders[0] / "mask1.jpg").write_bytes(b"")
    (folders[1] / "mask2.jpg").unlink()
    write_jpeg(folders[2] / "mask3.jpg", np.full((128, 96, 3), 128, np.uint8))
    (folders[4] / "mask1.jpg").write_bytes((folders[3] / "mask1.jpg").read_bytes())
    first, second = folders[5] / "incorrect_mask.jpg", folders[5] / "normal.jpg"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    table = rows(data / "train.csv")
    table[10]["gender"] = "female" if table[10]["gender"] == "male" else "male"
    write_table(data / "train.csv", tuple(table[0]), [tuple(row.values()) for row in table])
    return data


def test_planted_faults_are_found_and_proposals_can_be_applied(faulty: Path, tmp_path: Path) -> None:
    found = audit(faulty, tmp_path / "audit")
    persons = sorted(p.name for p in (faulty / "images").iterdir())
    by_kind = {(f.kind, f.person) for f in found.findings}
    assert {
        ("unusable file", persons[0]),
        ("missing file", persons[1]),
        ("blank photo", persons[2]),
        ("identical photo", persons[4]),
        ("exchanged photos", persons[5]),
        ("wrong gender", persons[10]),
        ("name against table", persons[10]),
    } <= by_kind
    exchanged = next(f for f in found.findings if f.kind == "exchanged photos")
    assert (exchanged.person, len(exchanged.changes)) == (persons[5], 2)
    assert exchanged.probability > 0.2  # one in sixty persons, and the other photo is hardly surer
    told = rows(tmp_path / "audit/findings.csv")
    assert list(told[0]) == [
        "finding", "kind", "person", "photo", "field", "old", "new", "score", "probability", "reason", "photos",
        "elsewhere",
    ]  # fmt: skip
    known = [float(row["probability"]) for row in told if row["probability"]]
    assert known == sorted(known, reverse=True)
    proposals = rows(tmp_path / "audit/corrections.csv")
    assert list(proposals[0]) == [
        "finding", "id", "person", "photo", "field", "old", "new", "reason", "score", "accept"
    ]  # fmt: skip
    assert {row["accept"] for row in proposals} == {""}
    wanted = {row["finding"] for row in proposals if row["person"] in (persons[5], persons[10])}
    accepted = [{**row, "accept": "yes" if row["finding"] in wanted else ""} for row in proposals]
    path = write_table(tmp_path / "c.csv", tuple(accepted[0]), [tuple(row.values()) for row in accepted])
    mended = apply_corrections(read_data(faulty), path).table
    assert set(mended.frame.filter(person=persons[10])["gender"]) != set(
        read_data(faulty).frame.filter(person=persons[10])["gender"]
    )
    page = (tmp_path / "audit/report.html").read_text()
    assert "exchanged photos" in page
    assert "data:image/jpeg" in page
    assert "What is rare" in page


def test_decisions_are_not_overwritten(faulty: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    audit(faulty, out, photos_in_report=False)
    assert "data:image" not in (out / "report.html").read_text()
    audit(faulty, out, photos_in_report=False)
    decided = (out / "corrections.csv").read_text().replace(",\n", ",yes\n", 1)
    (out / "corrections.csv").write_text(decided)
    with pytest.raises(InputError, match="hold no decisions yet"):
        audit(faulty, out)
    assert (out / "corrections.csv").read_text() == decided


def test_what_is_decided_while_an_audit_runs_is_kept(faulty: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    audit(faulty, out, photos_in_report=False)
    decided = (out / "corrections.csv").read_text().replace(",\n", ",yes\n", 1)

    def decide(stage: str) -> None:
        (out / "corrections.csv").write_text(decided)

    with pytest.raises(InputError, match="hold no decisions yet"):
        audit(faulty, out, photos_in_report=False, progress=decide)
    assert (out / "corrections.csv").read_text() == decided


def test_what_can_not_be_audited_is_said(tmp_path: Path) -> None:
    make_eval(tmp_path / "eval", 8)
    found = audit(tmp_path / "eval", tmp_path / "a")
    assert any("persons are not known" in note for note in found.notes)
    few = make_people(tmp_path / "few", 4)
    assert any("fewer than 20 persons" in note for note in audit(few, tmp_path / "b").notes)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="to be a folder"):
        audit(few, tmp_path / "file")
    listed = write_table(tmp_path / "t.csv", ("photo", "person"), [("p.jpg", f"p{k}") for k in range(1)])
    write_jpeg(tmp_path / "p.jpg", picture(1))
    assert audit(listed, tmp_path / "c").findings == []


def test_all_proposals_can_be_accepted_together(faulty: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    found = audit(faulty, out, photos_in_report=False)
    assert len([f for f in found.findings if f.changes]) > 3
    proposals = rows(out / "corrections.csv")
    accepted = [tuple({**row, "accept": "Yes"}.values()) for row in proposals]
    path = write_table(tmp_path / "c.csv", tuple(proposals[0]), accepted)
    assert apply_corrections(read_data(faulty), path).n_findings == len({row["finding"] for row in proposals})


def test_labels_of_one_value_and_broken_photos_do_not_stop_an_audit(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 30)
    table = [{**row, "gender": "male"} for row in rows(data / "train.csv")]
    write_table(data / "train.csv", tuple(table[0]), [tuple(row.values()) for row in table])
    found = audit(data, tmp_path / "a", photos_in_report=False)
    assert not [f for f in found.findings if f.kind == "wrong gender"]
    for photo in data.rglob("*.jpg"):
        photo.write_bytes(b"broken")
    broken = audit(data, tmp_path / "b")
    assert {f.kind for f in broken.findings} >= {"unusable file"}
    assert any("no photo can be used" in note for note in broken.notes)
    assert (tmp_path / "b/report.html").read_text().count("<h3>") <= 200


def test_a_placeholder_ties_nobody_together(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 30)
    blank = (data / "images").glob("*/mask5.jpg")
    first = next(blank)
    for photo in blank:
        photo.write_bytes(first.read_bytes())
        photo.with_name("mask4.jpg").write_bytes(first.read_bytes())  # twice in a person
    found = audit(data, tmp_path / "a", photos_in_report=False)
    many = [f for f in found.findings if f.kind == "picture of many persons"]
    assert len(many) == 59
    assert not [f for f in found.findings if f.kind == "identical photo"]
    assert "30 persons have this picture" in many[0].reason
    assert not [note for note in found.notes if "labels" in note]


def test_labels_that_differ_inside_a_person_are_told(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    frame = read_data(data).frame.drop("age_band", "split", "source")
    photo = frame["photo"][0]
    frame = frame.with_columns(
        pl.when(pl.col("photo") == photo).then(pl.lit("female")).otherwise(pl.col("gender")).alias("gender"),
        pl.when(pl.col("photo") == photo).then(pl.lit(55.0)).otherwise(pl.col("age")).alias("age"),
    )
    frame.write_csv(data / "table.csv")
    found = audit(data / "table.csv", tmp_path / "a", photos_in_report=False).findings
    differing = {f.kind: f for f in found if "differ" in f.kind}
    assert set(differing) == {"labels of gender differ", "labels of age differ"}
    (change,) = differing["labels of gender differ"].changes
    assert (change.photo, change.old, change.new) == (photo, "female", "male")
    # Beside a number a band says nothing else, and photos without a label say nothing.
    frame = (
        read_data(data)
        .frame.drop("split", "source")
        .with_columns(
            pl.when(pl.col("photo") == photo).then(None).otherwise(pl.col("age")).alias("age"),
            pl.when(pl.col("photo") == photo).then(None).otherwise(pl.col("gender")).alias("gender"),
        )
    )
    frame.write_csv(data / "table.csv")
    found = audit(data / "table.csv", tmp_path / "b", photos_in_report=False).findings
    assert not [f for f in found if "differ" in f.kind]


def test_bands_without_ages_are_audited_as_bands(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 60)
    frame = read_data(data).frame.drop("age", "split", "source")
    wrong = frame["person"][0]
    assert set(frame.filter(person=wrong)["age_band"]) == {"<30"}
    frame = frame.with_columns(
        pl.when(pl.col("person") == wrong)
        .then(pl.lit(">=60"))
        .otherwise(pl.col("age_band"))
        .alias("age_band")
    )
    frame.write_csv(data / "table.csv")
    found = audit(data / "table.csv", tmp_path / "a", photos_in_report=False).findings
    told = next(f for f in found if f.kind == "wrong age" and f.person == wrong)
    assert (told.changes[0].field, told.changes[0].new) == ("age_band", "<30")
    accepted = [tuple({**row, "accept": "yes"}.values()) for row in rows(tmp_path / "a/corrections.csv")]
    path = write_table(tmp_path / "c.csv", tuple(rows(tmp_path / "a/corrections.csv")[0]), accepted)
    mended = apply_corrections(read_data(data / "table.csv"), path).table
    assert set(mended.frame.filter(person=wrong)["age_band"]) == {"<30"}


def test_other_data_a_split_and_a_second_copy_are_looked_at(tmp_path: Path) -> None:
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
    with pytest.raises(InputError, match="name other data than the audited"):
        audit(data, tmp_path / "d", against=[data], photos_in_report=False)


def test_names_that_lie_are_told(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    folder = sorted((data / "images").iterdir())[4]
    cv2.imwrite(str(tmp_path / "x.png"), picture(3))
    (folder / "mask2.jpg").write_bytes((tmp_path / "x.png").read_bytes())
    found = audit(data, tmp_path / "a", photos_in_report=False).findings
    assert [f.person for f in found if f.kind == "misnamed file"] == [folder.name]


def test_a_runs_folds_speak_in_place_of_features(faulty: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_folds(load_recipe("cpu", [*TINY, "training.epochs=2"]), faulty, run, folds=3)
    audit(faulty, tmp_path / "a", run=run, photos_in_report=False)
    by_run = [row for row in rows(tmp_path / "a/findings.csv") if row["field"] == "gender"]
    audit(faulty, tmp_path / "b", photos_in_report=False)
    by_features = [row for row in rows(tmp_path / "b/findings.csv") if row["field"] == "gender"]
    assert by_run != by_features
    with pytest.raises(InputError, match="a run without folds"):
        audit(faulty, tmp_path / "c", run=run / "folds/00", photos_in_report=False)
    other = make_people(tmp_path / "other", 24, first=900)
    few = make_people(tmp_path / "few", 4)
    assert "was not used" in audit(few, tmp_path / "e", run=run, photos_in_report=False).notes[-1]
    with pytest.raises(InputError, match="to have predicted these photos"):
        audit(other, tmp_path / "d", run=run, photos_in_report=False)


def test_what_somebody_has_worked_on_is_never_overwritten(faulty: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    out.mkdir()
    for content in (b"finding;id;accept\n1;2;yes\n", b"\xff\xfe", b"finding,id\n1,2\n"):
        (out / "corrections.csv").write_bytes(content)
        with pytest.raises(InputError, match="hold no decisions yet"):
            audit(faulty, out, photos_in_report=False)
        assert (out / "corrections.csv").read_bytes() == content
    table = write_table(tmp_path / "t/findings.csv", ("photo", "person"), [("p.jpg", "p")])
    with pytest.raises(InputError, match="another folder than that of"):
        audit(table, tmp_path / "t")


def test_the_copy_is_told_from_the_original_by_its_persons_other_photos(tmp_path: Path) -> None:
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


def test_every_photo_that_other_data_have_is_told(tmp_path: Path) -> None:
    data = make_people(tmp_path / "train", 24)
    make_eval(tmp_path / "eval", 4)
    photo, broken = sorted((tmp_path / "eval/images").iterdir())[:2]
    folders = sorted((data / "images").iterdir())
    for folder in folders[:2]:
        (folder / "mask1.jpg").write_bytes(photo.read_bytes())
    pixels = cv2.imdecode(np.frombuffer(photo.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    write_jpeg(folders[5] / "mask3.jpg", pixels[..., ::-1], quality=60)
    broken.write_bytes(b"")
    found = audit(data, tmp_path / "a").findings  # the evaluation side beside it is looked for
    told = [f for f in found if f.kind == "photo of other data"]
    assert {f.person for f in told} == {folders[0].name, folders[1].name, folders[5].name}
    assert all(f.elsewhere == (photo,) for f in told)
    (unusable,) = [f for f in found if f.kind == "unusable file"]
    assert (unusable.photos, unusable.elsewhere) == ((), (broken,))
    assert f"{broken.name} of eval: empty file" in unusable.reason
    with pytest.raises(InputError, match="nowhere"):
        audit(data, tmp_path / "b", against=[tmp_path / "nowhere"])


def test_odd_files_and_caps_are_told(tmp_path: Path) -> None:
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
    below = [number for number, n in {57: 106, 58: 159, 59: 85}.items() for _ in range(n)]
    assert find_cap([*below, *[60.0] * 192]) == (60, 192, 0)  # as the competition's
    assert find_cap([*below, *[60.0] * 300, 61.0]) == (60, 300, 1)
    assert find_cap([*below, *[60.0] * 110]) is None
    assert find_cap([]) is None


def test_labels_that_can_not_be_are_findings(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    table = rows(data / "train.csv")
    table[3]["age"], table[4]["gender"] = "150", "man"
    write_table(data / "train.csv", tuple(table[0]), [tuple(row.values()) for row in table])
    found = audit(data, tmp_path / "a", photos_in_report=False).findings
    told = {f.person: f.reason for f in found if f.kind == "label that can't be"}
    assert set(told) == {table[3]["path"], table[4]["path"]}
    assert "train.csv, row 5, column age: expected a number of years from 0 to" in told[table[3]["path"]]
    assert "got 'man'" in told[table[4]["path"]]
    with pytest.raises(InputError, match="row 6, column gender"):
        read_data(data)  # nobody trains on it


def test_what_is_likely_enough_is_right_so_often() -> None:
    told = [Finding("wrong gender", "p", "", (), "", 1.0, p) for p in (0.95, 0.2, 0.75, 0.6)]
    others = [Finding("blank", "p", "", (), "", 1.0), Finding("wrong age", "p", "", (), "", 1.0, 0.1)]
    bars = expected_bars([*told, *others], 0.8)
    assert bars == {"wrong gender": Bar(0.75, 2)}  # 0.85 and 0.77 on the mean
    assert expected_bars(told, 0.6)["wrong gender"].n == 4


def test_where_nobody_can_tell_the_copy_the_proposal_can_still_be_applied(tmp_path: Path) -> None:
    for k in range(6):
        write_jpeg(tmp_path / f"{k}.jpg", picture(k))
    (tmp_path / "4.jpg").write_bytes((tmp_path / "1.jpg").read_bytes())
    listed = [(f"{k}.jpg", f"p{k}", "male", 30) for k in range(6)]
    data = write_table(tmp_path / "t.csv", ("photo", "person", "gender", "age"), listed)
    (copy,) = [f for f in audit(data, tmp_path / "a").findings if f.kind == "identical photo"]
    assert "can't be told" in copy.reason
    proposals = rows(tmp_path / "a/corrections.csv")
    accepted = [tuple({**row, "accept": "yes"}.values()) for row in proposals]
    path = write_table(tmp_path / "c.csv", tuple(proposals[0]), accepted)
    assert "4.jpg" not in apply_corrections(read_data(data), path).table.photos


def test_names_that_hold_a_running_number_tell_no_age(tmp_path: Path) -> None:
    for k in range(3):
        write_jpeg(tmp_path / f"p{k}" / "x.jpg", picture(k))
        write_jpeg(tmp_path / f"p{k}" / "more" / "y.jpg", picture(10 + k))
    listed = [(f"./p{k}/{name}", f"site_a_{k}", 30) for k in range(3) for name in ("x.jpg", "more/y.jpg")]
    data = write_table(tmp_path / "t.csv", ("photo", "person", "age"), listed)
    kinds = {f.kind for f in audit(data, tmp_path / "a", photos_in_report=False).findings}
    assert not kinds & {"name against table", "extra file"}


def test_mirrored_copies_are_told(tmp_path: Path) -> None:
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
    told = [f for f in found if f.kind in ("identical photo", "near-identical photo")]
    assert {tuple(sorted({Path(photo).parent.name for photo in f.photos})) for f in told} == {
        (first.name, second.name),
        (folders[5].name, folders[10].name),
    }
    per_person = [[f.person for f in told].count(folder.name) for folder in (first, second)]
    assert sorted(per_person) == [0, 7]
    assert sorted([f.person for f in told].count(folder.name) for folder in (folders[5], folders[10])) == [
        0,
        3,
    ]
