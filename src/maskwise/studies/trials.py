"""One trial of a study: trained, or its head trained on frozen features; its outcome is a row."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from maskwise.errors import InputError, MaskwiseError, StoppedError, in_short
from maskwise.files import read_json, write_json
from maskwise.runs.predictions import save_predictions
from maskwise.studies.study import Trial
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.linear_probe import frozen_features, train_head
from maskwise.training.train import train
from maskwise.training.training_data import prepare
from maskwise.training.write_run import score_predictions

SCHEMA = 1
RESULT = "trial.json"


@dataclass(frozen=True)
class Outcome:
    """How a trial ended."""

    trial: Trial
    folder: Path
    error: str | None
    seconds: float
    metrics: dict[str, Any]

    @property
    def score(self) -> float | None:
        """Macro F1, where there is one."""
        return None if self.error else float(self.metrics["macro_f1"]["value"])

    def predictions(self) -> pl.DataFrame:
        """Held-out photos with person, label and probabilities."""
        frame = pl.read_parquet(self.folder / "predictions.parquet", glob=False)
        return frame.filter(pl.col("label") != UNKNOWN).sort("photo")


def run_trial(trial: Trial, data: Path, out: Path, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Run a trial, or read what an earlier call has left; a failure is an outcome, not the end.

    Args:
        trial: what to do.
        data: what to train on.
        out: the study's folder; the trial's is `trials/NAME` in it.
        say: told what a training says.
    """
    folder = out / "trials" / trial.name
    done = _earlier(trial, folder)
    if done is not None:
        return done
    begin = time.perf_counter()
    error: str | None = None
    metrics: dict[str, Any] = {}
    try:
        metrics = (
            _frozen(trial, data, folder) if trial.mode == "frozen" else _fine_tune(trial, data, folder, say)
        )
    except StoppedError as stopped:  # asked for by the user: of the study, not of this trial
        raise KeyboardInterrupt from stopped
    except MaskwiseError as failed:
        error = str(failed)
    except Exception as failed:  # noqa: BLE001 - one broken trial must not cost the others
        error = f"{type(failed).__name__}: {in_short(failed)}"
        write_json(folder / "traceback.json", {"traceback": traceback.format_exc()})
    seconds = time.perf_counter() - begin
    write_json(
        folder / RESULT,
        {
            "schema": SCHEMA,
            "condition": trial.condition,
            "seed": trial.seed,
            "split": trial.split,
            "mode": trial.mode,
            "error": error,
            "seconds": round(seconds, 3),
            "metrics": metrics,
        },
    )
    return Outcome(trial, folder, error, seconds, metrics)


def _earlier(trial: Trial, folder: Path) -> Outcome | None:
    """What is left of an earlier call: finished trials are kept, failed ones tried again."""
    if not (folder / RESULT).is_file():
        return None
    try:
        content = read_json(folder / RESULT)
    except InputError:
        return None
    if content.get("error") or not (folder / "predictions.parquet").is_file():
        return None
    return Outcome(trial, folder, None, float(content["seconds"]), content["metrics"])


def _fine_tune(trial: Trial, data: Path, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    resume = (folder / "recipe.yaml").is_file()
    if folder.is_dir() and not resume:
        for left in (RESULT, "traceback.json"):
            (folder / left).unlink(missing_ok=True)
    metrics = train(trial.recipe, data, folder, resume=resume, photos_in_report=False, console=_Teller(say))
    if metrics.get("interrupted"):
        raise KeyboardInterrupt
    return metrics


def _frozen(trial: Trial, data: Path, folder: Path) -> dict[str, Any]:
    prepared = prepare(data, trial.recipe, say=lambda line: None)
    features = frozen_features(prepared, trial.recipe)
    begin = time.perf_counter()
    probabilities = train_head(trial.recipe, prepared, features)
    save_predictions(
        folder / "predictions.parquet",
        prepared.table.keep(prepared.held_out),
        prepared.score_classes[prepared.held_out],
        probabilities,
    )
    metrics = score_predictions(prepared, trial.recipe, probabilities)
    return metrics | {"seconds": round(time.perf_counter() - begin, 3)}


class _Teller(Console):
    """A console that hands its lines on."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(quiet=True)
        self._say = say

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - as the console has it
        """Hand on what would be printed."""
        del options
        self._say(" ".join(str(thing) for thing in objects))
