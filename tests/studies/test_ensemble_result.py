import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from maskwise.recipes.recipe_files import load_recipe
from maskwise.training.train import train
from tests.opened import ensemble
from tests.pictures import TINY
from tests.reporters import KeepingReporter


@pytest.fixture(scope="module")
def other_run(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("other") / "run"
    train(load_recipe("cpu", [*TINY, "training.epochs=1", "seed=1"]), people, run)
    return run


def test_an_ensemble_has_groups_a_report_and_a_card(tiny_run: Path, other_run: Path, tmp_path: Path) -> None:
    out, reporter = tmp_path / "both", KeepingReporter()
    made = ensemble([tiny_run, other_run], out, greedy=True, reporter=reporter)
    lineage = json.loads((out / "lineage.json").read_text())
    assert lineage["command"][:4] == ["maskwise", "ensemble", str(tiny_run), str(other_run)]
    assert not reporter.lines
    own = json.loads((tiny_run / "metrics.json").read_text())
    assert made.metrics.groups.keys() == own["groups"].keys()
    assert "race" in made.metrics.groups
    for name, group in own["groups"]["race"].items():
        assert made.metrics.groups["race"][name].n_persons == group["n_persons"]
    report = (out / "report.html").read_text()
    assert f"maskwise ensemble {tiny_run} {other_run} --how mean --greedy --out {out}-again" in report
    assert "a little optimistic" in report
    assert '<img src="data:image/jpeg' in report
    card = (out / "MODEL_CARD.md").read_text()
    assert "race: " in card
    assert "Epochs or members were chosen on these people" in card
    low, high = made.metrics.macro_f1.ci95
    assert f"({low:.3f} to {high:.3f})" in card


def test_an_ensemble_without_its_data_says_what_it_leaves_out(
    tiny_run: Path, other_run: Path, people: Path, tmp_path: Path
) -> None:
    data, moved = tmp_path / "data", tmp_path / "run"
    shutil.copytree(people, data)
    shutil.copytree(tiny_run, moved)
    lineage = json.loads((moved / "lineage.json").read_text())
    lineage["data"]["path"] = str(data)
    (moved / "lineage.json").write_text(json.dumps(lineage))
    gone = (data / pl.read_parquet(moved / "predictions.parquet")["photo"][0]).parent
    shutil.rmtree(gone)
    lines = (data / "train.csv").read_text().splitlines(keepends=True)
    (data / "train.csv").write_text("".join(line for line in lines if gone.name not in line))
    reporter = KeepingReporter()
    assert "race" not in ensemble([moved, other_run], tmp_path / "a", reporter=reporter).metrics.groups
    assert "with their persons and labels, but it differs" in reporter.lines[0]
    shutil.rmtree(data)
    ensemble([moved, other_run], tmp_path / "b", reporter=reporter)
    assert f"at {data}: name the place where they are now" in reporter.lines[1]
    report = (tmp_path / "b" / "report.html").read_text()
    assert "Groups and photos are left out" in report
    assert "left out of this report" not in report
    found = ensemble([moved, other_run], tmp_path / "d", data=people, reporter=reporter)
    assert "race" in found.metrics.groups
    assert len(reporter.lines) == 2
    ensemble([moved, other_run], tmp_path / "c", photos_in_report=False)
    assert "left out of this report" in (tmp_path / "c" / "report.html").read_text()
