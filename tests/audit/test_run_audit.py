from pathlib import Path

import numpy as np
import pytest

from maskwise.data.corrections import apply_corrections
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.reporter import Progress, SilentReporter
from maskwise.training.folds import train_folds
from tests.audit.tables import rows
from tests.opened import audit
from tests.pictures import TINY, make_eval, make_people, picture, write_jpeg, write_table


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
    written = rows(tmp_path / "audit/findings.csv")
    assert list(written[0]) == [
        "finding", "kind", "person", "photo", "field", "old", "new", "score", "probability", "reason", "photos",
        "elsewhere",
    ]  # fmt: skip
    known = [float(row["probability"]) for row in written if row["probability"]]
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


def test_decisions_made_while_an_audit_runs_are_kept(faulty: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    audit(faulty, out, photos_in_report=False)
    decided = (out / "corrections.csv").read_text().replace(",\n", ",yes\n", 1)

    class Deciding(SilentReporter):
        def progress(self, stage: str) -> Progress:
            (out / "corrections.csv").write_text(decided)
            return super().progress(stage)

    with pytest.raises(InputError, match="hold no decisions yet"):
        audit(faulty, out, photos_in_report=False, reporter=Deciding())
    assert (out / "corrections.csv").read_text() == decided


def test_what_can_not_be_audited_is_noted(tmp_path: Path) -> None:
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


def test_predictions_of_a_runs_folds_replace_those_from_features(faulty: Path, tmp_path: Path) -> None:
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


def test_a_changed_corrections_file_is_never_overwritten(faulty: Path, tmp_path: Path) -> None:
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
