"""Cross-validation that keeps persons together, as one run: every person scored by a model that had not seen them."""

import time
from pathlib import Path

import numpy as np
import polars as pl

from maskwise.data.split import person_strata
from maskwise.errors import InputError, StoppedError
from maskwise.files import read_json, write_json
from maskwise.recipes.recipe_files import save_recipe
from maskwise.recipes.schema import Recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.lineage import Lineage
from maskwise.runs.metrics import Metrics
from maskwise.runs.run_folder import RunFolder
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.aggregate_folds import TrainedFolds, aggregate_folds
from maskwise.training.begin_run import stored_recipe
from maskwise.training.prepare_data import prepare
from maskwise.training.ray_tasks import HERE, run_tasks
from maskwise.training.train import train
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob


def train_folds(
    recipe: Recipe,
    data: Path,
    run: Path,
    *,
    folds: int,
    refit: bool = False,
    resume: bool = False,
    on: str = HERE,
    cpus: int = 1,
    photos_in_report: bool = True,
    reporter: Reporter = SILENT,
) -> Metrics:
    """Train one model per fold, and where asked one on everybody; what was done is kept when it is stopped.

    The run's score is out-of-fold: each person's photos are predicted by the one model that had not seen them. Its
    members are the folds' models, or with `refit` the one that was trained on everybody, for as many epochs as the
    folds found best.

    Args:
        recipe: what to do; its held-out share is not used.
        data: a folder in a known layout, or a table.
        run: the run's folder.
        folds: how many.
        refit: train on everybody too.
        resume: go on with a run that was stopped.
        on: where folds are trained: `here` one after the other, `ray`, or the address of a running Ray.
        cpus: processors that a fold takes under Ray.
        photos_in_report: whether the report shows the worst mistakes.
        reporter: receives what is found, the progress, and the scores of each epoch.

    Raises:
        InputError: when data, recipe or folder are not as expected, or there are fewer persons of a kind than folds.
        StoppedError: when the user stopped it; resuming goes on.
    """
    begin, folder = time.time(), RunFolder(run)
    resume = resume and folder.recipe.is_file()
    folder.check_free(resume=resume)
    if resume:
        recipe = stored_recipe(folder, recipe)
        _check_same(folder, folds, refit)
    split = recipe.split.model_copy(update={"folds": folds, "fold": None})
    job = TrainingJob(
        recipe=recipe.model_copy(update={"split": split}),
        data=data,
        folder=folder,
        resume=resume,
        photos_in_report=photos_in_report,
        reporter=reporter,
    )
    prepared = prepare(data, _of_fold(job.recipe, 0), reporter=reporter)
    _check_folds(prepared, folds)
    _check_began_with(job, prepared, folds)
    save_recipe(folder.recipe, job.recipe)
    write_json(folder.plan, {"schema": 1, "folds": folds, "refit": refit})
    parts = [
        (
            _of_fold(job.recipe, fold),
            data.resolve(),
            folder.fold(fold).path.resolve(),
            f"fold {fold + 1} of {folds}",
        )
        for fold in range(folds)
    ]
    if on == HERE:
        for part in parts:
            _train_part(*part, reporter)
    else:
        for name in run_tasks(_train_part, parts, on=on, cpus=cpus):
            reporter.message(f"{name}: done")
    if refit:
        everybody = _on_everybody(job.recipe, folder, folds)
        _train_part(everybody, data, folder.refit.path, "refit on everybody", reporter)
    return aggregate_folds(TrainedFolds(job=job, data=prepared, folds=folds, refit=refit, begin=begin))


def _check_same(folder: RunFolder, folds: int, refit: bool) -> None:
    """A resume goes on with what was begun: as many folds, and a refit or none."""
    if not folder.plan.is_file():
        raise InputError(
            f"Expected {folder.path} to be a run of folds to resume, got one training: resume it without folds.",
            setting="folds",
        )
    plan = read_json(folder.plan)
    if (plan.get("folds"), plan.get("refit")) != (folds, refit):
        with_refit = "with" if plan.get("refit") else "without"
        raise InputError(
            f"Expected to resume {folder.path} as it began, with {plan.get('folds')} folds and {with_refit} a refit.",
            setting="folds",
        )


def _check_began_with(job: TrainingJob, data: TrainingData, folds: int) -> None:
    """Folds that were begun are of the same data."""
    for fold in range(folds):
        path = job.folder.fold(fold).lineage
        if path.is_file() and Lineage.read(path).data.fingerprint != data.photos.fingerprint:
            raise InputError(
                f"Expected {job.data} to be the data that {job.folder.path} began with, but it differs: train a new "
                "run."
            )


def _of_fold(recipe: Recipe, fold: int) -> Recipe:
    return recipe.model_copy(update={"split": recipe.split.model_copy(update={"fold": fold})})


def _on_everybody(recipe: Recipe, folder: RunFolder, folds: int) -> Recipe:
    """The recipe of the refit: as many epochs as the folds kept, on average, and the last of them."""
    split = recipe.split.model_copy(update={"nobody": True, "folds": None, "fold": None})
    if recipe.probe is not None:  # its settings are chosen on everybody
        return recipe.model_copy(update={"split": split})
    kept = [_kept_epochs(folder.fold(fold), recipe) for fold in range(folds)]
    training = recipe.training.model_copy(
        update={
            "epochs": max(recipe.training.frozen_epochs + 1, round(float(np.mean(kept)))),
            "keep": "last",
            "early_stopping": None,
        }
    )
    return recipe.model_copy(update={"training": training, "split": split})


def _kept_epochs(fold: RunFolder, recipe: Recipe) -> int:
    """How many epochs the member of a fold was trained for."""
    history = pl.read_csv(fold.history)
    if recipe.training.keep == "last":
        return history.height
    column = f"held_out_{recipe.training.metric}"
    best = history[column].arg_min() if recipe.training.metric == "loss" else history[column].arg_max()
    return int(history["epoch"][best or 0])


def _train_part(recipe: Recipe, data: Path, path: Path, name: str, reporter: Reporter = SILENT) -> str:
    folder = RunFolder(path)
    if folder.lineage.is_file() and Lineage.read(folder.lineage).finished:
        return name
    reporter.message(f"{name}:")
    metrics = train(
        recipe, data, path, resume=folder.recipe.is_file(), photos_in_report=False, reporter=reporter
    )
    if metrics.interrupted:
        raise StoppedError(f"Interrupted in {name}: resume to go on.", setting="resume")
    return name


def _check_folds(data: TrainingData, folds: int) -> None:
    """Refuse more folds than persons of a labelled combination: a fold could not be scored on it."""
    strata = person_strata(data.table)
    for stratum in np.unique(strata):
        rows = strata == stratum
        n_persons = len(np.unique(data.split.groups[rows]))
        if n_persons < folds:
            place = int(np.flatnonzero(rows)[0])
            indices = data.table.label_indices()[place]
            constant = [
                f"{a.label_column} {a.values[i]}"
                for a, i in zip(data.table.space.attributes, indices, strict=True)
                if a.constant and i != UNKNOWN
            ]
            raise InputError(
                f"Expected at least {folds} persons with {', '.join(constant)} for {folds} folds, got {n_persons}: "
                "choose fewer folds."
            )
