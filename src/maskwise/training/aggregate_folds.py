"""The trained folds become one run: its members, out-of-fold scores, decision, report and card."""

import shutil
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.evaluation.tune_decision import OutOfFold, tune_decision
from maskwise.evaluation.write_run import Result, ScoredPhotos, write_run
from maskwise.models.decision import decide
from maskwise.models.member import load_member
from maskwise.models.tuned_decision import TunedDecision
from maskwise.runs.decision_file import write_decision
from maskwise.runs.lineage import DecisionLineage, FittedDecision, Lineage, SplitSizes
from maskwise.runs.metrics import Circumstances, Metrics
from maskwise.runs.predictions import probability_columns
from maskwise.runs.run import Run
from maskwise.runs.split_file import HELD_OUT, TRAIN, write_split
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.run_facts import describe_folds
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob


@dataclass(frozen=True, kw_only=True)
class TrainedFolds:
    """A cross-validation whose folds, and where asked a refit, are trained."""

    job: TrainingJob
    data: TrainingData
    folds: int
    refit: bool
    begin: float  # seconds since 1970

    @property
    def runs(self) -> list[Run]:
        """The run of each fold."""
        return [Run(self.job.folder.fold(fold).path) for fold in range(self.folds)]


def aggregate_folds(trained: TrainedFolds) -> Metrics:
    """Write members, out-of-fold predictions, their scores, the fitted decision, report and card of the whole run.

    Raises:
        InputError: when the data are not any more what the folds were trained on.
    """
    job, data, runs = trained.job, trained.data, trained.runs
    folder, recipe, space = job.folder, job.recipe, data.table.space
    refit = Run(folder.refit.path) if trained.refit else None
    shutil.rmtree(folder.members, ignore_errors=True)
    for place, part in enumerate([refit] if refit else runs):
        shutil.copytree(part.folder.member(0), folder.member(place))
    frame = _out_of_fold(trained, runs)
    write_split(folder.split, _whole_split(runs))
    p = frame.select(probability_columns(space)).to_numpy()
    fold_of = frame["fold"].to_numpy()
    decided = decide(p, space, recipe.decision)
    scores = score(
        data.table.label_indices(),
        decided,
        data.split.groups,
        space,
        groups=grouping_columns(data.table.group_values(), recipe.data.groups),
    )
    decision = _tune(trained, frame["label"].to_numpy(), p, fold_of)
    write_decision(folder.decision, decision)
    lineages = [run.lineage for run in (*runs, *([refit] if refit else []))]
    circumstances = Circumstances(
        scored_on="out-of-fold",
        leaky=False,
        persons_known=True,
        chosen_on_these_persons=recipe.training.chooses_epochs,
        interrupted=False,
        decision=recipe.decision,
        by_fold=tuple(run.metrics.macro_f1 for run in runs if run.metrics.macro_f1 is not None),
        seconds=round(sum(lineage.seconds for lineage in lineages), 1),
        calibration_error=decision.calibration_error,
    )
    metrics = Metrics.combine(circumstances, scores)
    about = describe_folds(job, metrics, decision, folds=trained.folds, refit=trained.refit)
    if refit is not None:
        without = circumstances.model_copy(update={"scored_on": None})
        metrics = Metrics.combine(without, None, folds=metrics)
    photos = ScoredPhotos(
        frame=frame,
        paths=data.table.paths,
        probabilities=p,
        decided=decided,
        calibrated=decision.calibrated(p),
        predicted_by=fold_of,
    )
    # Each photo is explained by the model that had not seen it.
    members = [load_member(run.member_folders[0]) for run in runs] if job.photos_in_report else None
    result = Result(metrics=metrics, space=space, about=about, photos=photos)
    write_run(folder, result, lambda: _lineage(trained, lineages[0], decision), members=members)
    return metrics


def _out_of_fold(trained: TrainedFolds, runs: list[Run]) -> pl.DataFrame:
    """The predictions of all folds in the order of the data, with the column `fold`."""
    frames = [run.predictions.with_columns(pl.lit(fold).alias("fold")) for fold, run in enumerate(runs)]
    frame = pl.concat(frames)
    order = {photo: place for place, photo in enumerate(trained.data.table.photos)}
    if set(frame["photo"]) != set(order):
        raise InputError(
            f"Expected {trained.job.data} to be what the folds of {trained.job.folder.path} were trained on, but it "
            "differs: train anew."
        )
    return frame.sort(pl.col("photo").replace_strict(order, return_dtype=pl.Int64))


def _whole_split(runs: list[Run]) -> pl.DataFrame:
    """The split of the whole run: everybody was trained on, by all models but one."""
    frames = [
        run.split.filter(pl.col("side") == HELD_OUT).with_columns(
            pl.lit(TRAIN).alias("side"), pl.lit(fold).alias("fold")
        )
        for fold, run in enumerate(runs)
    ]
    # Additional photos are trained on in every fold and held out in none.
    extra = runs[0].split.filter(~pl.col("photo").is_in(pl.concat(frames)["photo"].implode()))
    frames.append(extra.with_columns(pl.lit(None, dtype=pl.Int32).alias("fold")))
    return pl.concat(frames)


def _tune(
    trained: TrainedFolds,
    labels: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    fold_of: npt.NDArray[np.int64],
) -> TunedDecision:
    data = trained.data
    known = labels != UNKNOWN
    out_of_fold = OutOfFold(probabilities[known], labels[known], data.split.groups[known], fold_of[known])
    return tune_decision(out_of_fold, data.table.space, trained.job.recipe.decision)


def _lineage(trained: TrainedFolds, first: Lineage, decision: TunedDecision) -> Lineage:
    """The lineage of the whole run: that of its first fold, with what differs."""
    n = len(trained.data.table)
    fitted = FittedDecision(temperature=decision.temperature, class_weights=decision.class_weights)
    return first.model_copy(
        update={
            "finished": True,
            "folds": trained.folds,
            "refit": trained.refit,
            "decision": DecisionLineage(rule=trained.job.recipe.decision, fitted_out_of_fold=fitted),
            "seconds": round(time.time() - trained.begin, 1),
            "split": SplitSizes(n_train=n, n_held_out=n),
        }
    )
