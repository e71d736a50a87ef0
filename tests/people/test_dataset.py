from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.competition.reader import read_eval
from maskwise.competition.task import competition_task
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.errors import InputError
from maskwise.people.contact_sheet import write_contact_sheet
from maskwise.people.dataset import draw_people
from maskwise.people.people_spec import FAULTS, FaultRates, PeopleSpec
from maskwise.people.people_spec_file import read_people_spec
from maskwise.people.population import draw_members
from maskwise.reporter import Progress, SilentReporter
from tests.reporters import KeepingReporter

SMALL = {"width": 96, "height": 128, "detail": 1.0}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PeopleSpec, pl.DataFrame]:
    spec = PeopleSpec(
        people=6, seed=2, eval_share=0.34, noise=FaultRates(swap_status=0.4, broken=0.3), **SMALL
    )
    out = tmp_path_factory.mktemp("drawn") / "people"
    return out, spec, draw_people(out, spec, workers=1)


def test_the_layout_is_the_competitions(drawn: tuple[Path, PeopleSpec, pl.DataFrame]) -> None:
    out, _, truth = drawn
    table = read_data(out / "train")
    train = truth.filter(pl.col("side") == "train")
    assert len(table) == train.height
    assert table.notes == ()
    by_photo = {
        f"train/{photo}": row for photo, row in zip(table.photos, table.frame.rows(named=True), strict=True)
    }
    for row in train.iter_rows(named=True):
        assert by_photo[row["photo"]]["gender"] == row["labelled_gender"]
        assert by_photo[row["photo"]]["age"] == row["labelled_age"]
    scan = scan_photos(table)
    broken = set(train.filter(pl.col("fault") == "broken")["photo"])
    assert {f"train/{p}" for p in scan.set_aside["photo"]} == broken
    held = read_eval(out / "eval", competition_task().space)
    answers = pl.read_csv(out / "eval-answers.csv")
    assert held.frame["id"].to_list() == answers["ImageID"].to_list()
    assert len(held) == truth.height - train.height > 0


def test_answers_are_the_classes_of_the_labels(drawn: tuple[Path, PeopleSpec, pl.DataFrame]) -> None:
    out, _, truth = drawn
    rows = {Path(r["photo"]).name: r for r in truth.filter(pl.col("side") == "eval").iter_rows(named=True)}
    for name, answer in pl.read_csv(out / "eval-answers.csv").select("ImageID", "ans").rows():
        row = rows[name]
        mask = {"incorrect_mask": 1, "normal": 2}.get(row["stem"], 0)
        band = (row["labelled_age"] >= 30) + (row["labelled_age"] >= 60)
        assert answer == mask * 6 + (row["labelled_gender"] == "female") * 3 + band


def test_swapped_files_are_known(drawn: tuple[Path, PeopleSpec, pl.DataFrame]) -> None:
    _, _, truth = drawn
    swapped = truth.filter(pl.col("stem") != pl.col("shows"))
    assert swapped.height
    assert set(swapped["fault"]) == {"swap_status"}
    assert (swapped.filter(pl.col("stem") == "normal")["wear"].is_not_null()).all()
    assert (swapped.filter(pl.col("stem") == "incorrect_mask")["wear"].is_null()).all()


def test_a_killed_call_goes_on_and_gives_the_same(
    drawn: tuple[Path, PeopleSpec, pl.DataFrame], tmp_path: Path
) -> None:
    out, spec, truth = drawn

    class Killed(Exception):
        pass

    class Killing(SilentReporter):
        def progress(self, stage: str) -> Progress:
            def kill(done: int, total: int) -> None:
                if done == 2:
                    raise Killed

            return kill

    with pytest.raises(Killed):
        draw_people(tmp_path / "p", spec, workers=1, reporter=Killing())
    reporter = KeepingReporter()
    again = draw_people(tmp_path / "p", spec, workers=2, reporter=reporter)
    assert reporter.stages["drawing people"][0][0] == 2
    assert again.equals(truth)
    for photo in truth["photo"]:
        assert (tmp_path / "p" / photo).read_bytes() == (out / photo).read_bytes()
    assert draw_people(tmp_path / "p", spec).equals(truth)  # finished: nothing to do
    with pytest.raises(InputError, match="describes others"):
        draw_people(tmp_path / "p", spec.model_copy(update={"seed": 3}))


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="new or empty"):
        draw_people(tmp_path, PeopleSpec(people=1, **SMALL))
    with pytest.raises(InputError, match="got a file"):
        draw_people(tmp_path / "mine.txt", PeopleSpec(people=1, **SMALL))


def test_a_contact_sheet_leaves_broken_photos_out(
    drawn: tuple[Path, PeopleSpec, pl.DataFrame], tmp_path: Path
) -> None:
    out, _, truth = drawn
    write_contact_sheet(tmp_path / "sheet.jpg", out, truth)
    assert (tmp_path / "sheet.jpg").stat().st_size > 3000


@given(st.integers(0, 1000), st.sampled_from(["competition", "balanced"]))
@settings(deadline=None)
def test_a_population_is_close_to_its_preset_and_grows_without_reshuffling(seed: int, preset: str) -> None:
    spec = PeopleSpec(people=270, seed=seed, preset=preset)
    members = draw_members(spec)
    assert members[:100] == draw_members(spec.model_copy(update={"people": 100}))
    old = sum(m.age >= 60 for m in members)
    women = sum(m.gender == "female" for m in members)
    if preset == "competition":
        assert abs(old - 270 * 192 / 2700) <= 3
        assert abs(women - 270 * 1658 / 2700) <= 4
        assert max(m.labelled_age for m in members) == 60
        assert all(m.labelled_age == min(m.age, 60) for m in members)
    else:
        assert abs(old - 90) <= 3
        assert abs(women - 135) <= 3


def test_every_fault_is_planted_at_its_rate_and_known() -> None:
    spec = PeopleSpec(people=2000, noise=FaultRates(**dict.fromkeys(FAULTS, 0.05)))
    members = draw_members(spec)
    counts = {fault: sum(m.fault == fault and m.number < 2000 for m in members) for fault in FAULTS}
    assert all(50 < count < 140 for count in counts.values()), counts
    assert len(members) - 2000 == counts["two_ids"]
    for member in members:
        assert (member.labelled_gender != member.gender) == (member.fault == "gender_flip")
        if member.fault == "wrong_age":
            assert abs(member.labelled_age - min(member.age, 60)) >= 15


def test_a_wrong_description_is_one_line(tmp_path: Path) -> None:
    given = {
        "people": 5,
        "seed": 0,
        "photos": 7,
        "size": "384x512",
        "preset": "competition",
        "noise": 0.0,
        "eval_share": 0.0,
    }
    with pytest.raises(InputError, match="WIDTHxHEIGHT"):
        read_people_spec(None, **(given | {"size": "big"}))
    with pytest.raises(InputError, match=r"preset: input should be 'competition' or 'balanced', got 'fair'"):
        read_people_spec(None, **(given | {"preset": "fair"}))
    (tmp_path / "s.yaml").write_text("noise: {gender_flop: 0.1}")
    with pytest.raises(InputError, match=r"s\.yaml: noise\.gender_flop"):
        read_people_spec(tmp_path / "s.yaml", **given)
    (tmp_path / "s.yaml").write_text("noise: {gender_flip: 0.1}\none_ear: 0.3")
    spec = read_people_spec(tmp_path / "s.yaml", **given)
    assert spec.noise.gender_flip == 0.1
    assert spec.one_ear == 0.3
