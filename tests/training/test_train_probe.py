import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from maskwise.errors import InputError
from maskwise.inference.load_run import load_predictor
from maskwise.recipes.recipe_files import load_recipe
from maskwise.runs.run import Run
from maskwise.training.folds import train_folds
from maskwise.training.train import train

SMALL = (
    "model.backbone=test_efficientnet",
    "model.weights=none",
    "probe.folds=3",
    "transform.steps=[{step: resize, height: 64, width: 64}, {step: normalize}]",
)


@pytest.fixture(scope="module")
def probe_run(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "quick"
    train(load_recipe("quick", SMALL), people, folder)
    return folder


def test_a_probe_is_a_run_like_any_other(probe_run: Path, people: Path) -> None:
    metrics = json.loads((probe_run / "metrics.json").read_text())
    assert metrics["macro_f1"]["value"] > 0
    assert not metrics["chosen_on_these_persons"]
    assert metrics["gender"]["macro_f1"]["value"] > 0.8  # the pictures' hue
    assert (probe_run / "report.html").is_file()
    predictions = pl.read_parquet(probe_run / "predictions.parquet")
    paths = [people / photo for photo in predictions["photo"]]
    again = load_predictor(Run(probe_run)).predict_all(paths)
    np.testing.assert_allclose(
        again, predictions.select(pl.selectors.starts_with("p_")).to_numpy(), atol=1e-4
    )


def test_what_was_chosen_is_written_and_used_again(probe_run: Path, people: Path, tmp_path: Path) -> None:
    stored = yaml.safe_load((probe_run / "recipe.yaml").read_text())
    heads = stored["probe"]["heads"]
    assert set(heads) == {"mask", "gender", "age"}
    assert all(head["strength"] and head["balance"] is not None for head in heads.values())
    trials = json.loads((probe_run / "lineage.json").read_text())["measured"]["heads"]
    assert len(trials) == 3 * 9
    train(load_recipe(str(probe_run / "recipe.yaml")), people, tmp_path / "again")
    assert "heads" not in json.loads((tmp_path / "again" / "lineage.json").read_text())["measured"]
    own, again = (
        (run / "members/00/model.safetensors").read_bytes() for run in (probe_run, tmp_path / "again")
    )
    assert own == again


def test_folds_and_a_refit(people: Path, tmp_path: Path) -> None:
    metrics = train_folds(load_recipe("quick", SMALL), people, tmp_path / "run", folds=2, refit=True)
    assert metrics.folds is not None
    assert metrics.folds.scored_on == "out-of-fold"


def test_a_killed_probe_is_resumed(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskwise.training import train as training

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "write_member", killed)
        with pytest.raises(KeyboardInterrupt):
            train(load_recipe("quick", SMALL), people, tmp_path / "run")
    metrics = train(load_recipe("quick", SMALL), people, tmp_path / "run", resume=True)
    assert metrics.has_scores
    assert json.loads((tmp_path / "run" / "lineage.json").read_text())["finished"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.head.kind=joint", "expected model.head branches with a probe, got joint"),
        ("training.keep=best", "expected training.keep last"),
        ("mixing={kind: half_face}", "expected no mixing with a probe"),
        (
            "transform.steps=[{step: rotation, degrees: 3}, {step: resize}, {step: normalize}]",
            "expected no steps of phase train with a probe",
        ),
    ],
)
def test_what_a_probe_would_ignore_is_refused(setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("quick", [setting])


def test_an_unknown_attribute_is_refused(people: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"probe\.heads: expected names of mask, gender, age, got 'hat'"):
        train(load_recipe("quick", [*SMALL, "probe.heads={hat: {}}"]), people, tmp_path / "run")
