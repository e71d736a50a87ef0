"""One trial of a study: a training, or the training of a head on frozen features."""

import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from maskwise.errors import InputError, MaskwiseError, StoppedError, in_short
from maskwise.files import read_json, write_json
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.metrics import Metrics
from maskwise.runs.predictions import predictions_frame, write_predictions
from maskwise.runs.run_folder import RunFolder
from maskwise.studies.study import Trial
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.finish_run import score_held_out
from maskwise.training.frozen_head import backbone_features, train_head
from maskwise.training.prepare_data import prepare
from maskwise.training.train import train

SCHEMA = 1
RESULT = "trial.json"
TRACEBACK = "traceback.json"


@dataclass(frozen=True)
class Outcome:
    """How a trial ended."""

    trial: Trial
    folder: RunFolder
    error: str | None
    seconds: float
    metrics: Metrics  # empty where it failed

    @property
    def score(self) -> float | None:
        """Macro F1, where there is one."""
        return None if self.metrics.macro_f1 is None else self.metrics.macro_f1.value

    def sentence(self) -> str:
        """The trial and its result, in one line."""
        trial = self.trial
        score = f"failed: {self.error}" if self.score is None else f"macro F1 {self.score:.3f}"
        return f"{trial.mode}, {trial.condition}, seed {trial.seed}, split {trial.split}: {score}, {self.seconds:.1f} s"

    def predictions(self) -> pl.DataFrame:
        """Held-out photos with person, label and probabilities."""
        frame = pl.read_parquet(self.folder.predictions, glob=False)
        return frame.filter(pl.col("label") != UNKNOWN).sort("photo")


def run_trial(trial: Trial, data: Path, out: Path, reporter: Reporter = SILENT) -> Outcome:
    """Run a trial, or read what an earlier call has left; a failure is an outcome and does not end the study.

    Args:
        trial: what to do.
        data: what to train on.
        out: the study's folder; the trial's is `trials/NAME` in it.
        reporter: receives messages and progress of a training.
    """
    folder = RunFolder(out / "trials" / trial.name)
    done = _earlier(trial, folder)
    if done is not None:
        return done
    begin = time.perf_counter()
    error: str | None = None
    metrics = Metrics()
    try:
        metrics = (
            _frozen(trial, data, folder, reporter)
            if trial.mode == "frozen"
            else _fine_tune(trial, data, folder, reporter)
        )
    except StoppedError as stopped:  # asked for by the user: of the study, not of this trial
        raise KeyboardInterrupt from stopped
    except MaskwiseError as failed:
        error = str(failed)
    except Exception as failed:  # noqa: BLE001 - one broken trial must not cost the others
        error = f"{type(failed).__name__}: {in_short(failed)}"
        write_json(folder.path / TRACEBACK, {"traceback": traceback.format_exc()})
    seconds = time.perf_counter() - begin
    write_json(
        folder.path / RESULT,
        {
            "schema": SCHEMA,
            "condition": trial.condition,
            "seed": trial.seed,
            "split": trial.split,
            "mode": trial.mode,
            "error": error,
            "seconds": round(seconds, 3),
            "metrics": metrics.to_json() if metrics.model_fields_set else {},
        },
    )
    return Outcome(trial, folder, error, seconds, metrics)


def _earlier(trial: Trial, folder: RunFolder) -> Outcome | None:
    """What is left of an earlier call: finished trials are kept, failed ones tried again."""
    if not (folder.path / RESULT).is_file():
        return None
    try:
        content = read_json(folder.path / RESULT)
    except InputError:
        return None
    if content.get("error") or not folder.predictions.is_file():
        return None
    metrics = Metrics.model_validate(content["metrics"])
    return Outcome(trial, folder, None, float(content["seconds"]), metrics)


def _fine_tune(trial: Trial, data: Path, folder: RunFolder, reporter: Reporter) -> Metrics:
    resume = folder.recipe.is_file()
    if folder.path.is_dir() and not resume:
        for left in (RESULT, TRACEBACK):
            (folder.path / left).unlink(missing_ok=True)
    metrics = train(trial.recipe, data, folder.path, resume=resume, photos_in_report=False, reporter=reporter)
    if metrics.interrupted:
        raise KeyboardInterrupt
    return metrics


def _frozen(trial: Trial, data: Path, folder: RunFolder, reporter: Reporter) -> Metrics:
    prepared = prepare(data, trial.recipe)
    features = backbone_features(prepared, trial.recipe, reporter)
    begin = time.perf_counter()
    probabilities = train_head(trial.recipe, prepared, features)
    table = prepared.held_out_table
    frame = predictions_frame(
        table.photos, table.frame["person"], prepared.held_out_classes, probabilities, table.space
    )
    write_predictions(folder.predictions, frame)
    metrics = score_held_out(prepared, trial.recipe, probabilities)
    return metrics.model_copy(update={"seconds": round(time.perf_counter() - begin, 3)})
