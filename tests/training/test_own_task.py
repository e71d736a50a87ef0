"""A task of one's own, from photos in class folders to a trained, scored and predicting run."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from maskwise.cli.main import app
from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.runs.run import Run
from maskwise.training.train import train
from tests.data.readers.formats import write_photo
from tests.opened import load_predictor, predict_to_file
from tests.training.test_train_probe import SMALL


@pytest.fixture
def plants(tmp_path: Path) -> Path:
    """Two photos of each of 20 plants in folders by class, and the task that is proposed for them."""
    data = tmp_path / "plants"
    for k in range(40):
        write_photo(data / ("oak", "elm")[k // 2 % 2] / f"p{k // 2:02d}_{k % 2}.jpg", k)
    command = [
        "data",
        "task",
        str(data),
        "--out",
        str(data / "task.yaml"),
        "--from-path",
        "(?P<plant>p[0-9]+)_",
    ]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    return data


def test_a_proposed_task_is_trained_scored_and_predicts(plants: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(load_recipe("quick", SMALL), plants, run)
    metrics = json.loads((run / "metrics.json").read_text())
    assert 0 <= metrics["macro_f1"]["value"] <= 1
    assert [entry["name"] for entry in metrics["per_class"]] == list(Run(run).space.class_names)
    split = Run(run).split
    held_out = set(split.filter(pl.col("side") == "held-out")["person"])
    assert held_out
    assert not held_out & set(split.filter(pl.col("side") == "train")["person"])
    out = tmp_path / "predictions.csv"
    predict_to_file(run, load_predictor(run), [str(plants / "oak")], out)
    frame = pl.read_csv(out)
    assert frame.height == 20
    (attribute,) = Run(run).space.attributes
    assert set(frame[attribute.label_column]) <= {"oak", "elm"}


def test_a_mean_score_is_refused_before_training(plants: Path, tmp_path: Path) -> None:
    file = plants / "task.yaml"
    file.write_text(file.read_text().replace("score: joint", "score: mean"))
    with pytest.raises(InputError, match="score: mean, which can't be trained yet"):
        train(load_recipe("quick", SMALL), plants, tmp_path / "run")
