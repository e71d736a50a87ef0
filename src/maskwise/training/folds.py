"""Cross-validation that keeps persons together, as one run: every person scored by a model that had not seen them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console

from maskwise.data.scan import ProgressOf
from maskwise.data.split import person_strata
from maskwise.errors import InputError, StoppedError
from maskwise.files import read_json, write_json
from maskwise.recipes.recipe_files import save_recipe
from maskwise.recipes.schema import Recipe
from maskwise.runs.run_lock import check_run_folder
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.aggregate_folds import FOLDS, REFIT, Folded, put_together
from maskwise.training.ray_tasks import HERE, run_tasks
from maskwise.training.train import stored_recipe, train
from maskwise.training.training_data import Prepared, prepare

PLAN = "folds.json"


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
    console: Console | None = None,
    progress: ProgressOf = lambda stage: None,
) -> dict[str, Any]:
    """Train a model a fold, and where asked one on everybody; what was done is kept when it is stopped.

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
        console: where lines go.
        progress: makes the bars.

    Returns:
        The content of `metrics.json`.

    Raises:
        InputError: when data, recipe or folder are not as expected, or there are fewer persons of a kind than folds.
        StoppedError: when the user stopped it; `--resume` goes on.
    """
    console = console if console is not None else Console(quiet=True)
    begin = time.time()
    if resume and not (run / "recipe.yaml").is_file():
        resume = False
    check_run_folder(run, resume=resume)
    if resume:
        recipe = stored_recipe(run, recipe)
        _check_same(run, folds, refit)
    recipe = recipe.model_copy(
        update={"split": recipe.split.model_copy(update={"folds": folds, "fold": None})}
    )
    prepared = prepare(data, _of_fold(recipe, 0), say=_sayer(console), progress=progress("scanning photos"))
    _check_folds(prepared, folds)
    for lineage in sorted(run.glob(f"{FOLDS}/*/lineage.json")):
        if read_json(lineage).get("data", {}).get("fingerprint") != prepared.fingerprint:
            raise InputError(
                f"Expected {data} to be the data that {run} began with, but it differs: train a new run."
            )
    save_recipe(run / "recipe.yaml", recipe)
    write_json(run / PLAN, {"schema": 1, "folds": folds, "refit": refit})
    parts = [
        (
            _of_fold(recipe, fold),
            data.resolve(),
            (run / FOLDS / f"{fold:02d}").resolve(),
            f"fold {fold + 1} of {folds}",
        )
        for fold in range(folds)
    ]
    if on == HERE:
        for part in parts:
            _train_part(*part, console)
    else:
        for name in run_tasks(_train_part, parts, on=on, cpus=cpus):
            console.print(f"{name}: done", soft_wrap=True, markup=False)
    if refit:
        _train_part(_on_everybody(recipe, run, folds), data, run / REFIT, "refit on everybody", console)
    whole = Folded(recipe, data, run, prepared, folds, refit)
    return put_together(whole, begin, photos=photos_in_report)


def _check_same(run: Path, folds: int, refit: bool) -> None:
    """A resume goes on with what was begun: as many folds, and a refit or none."""
    if not (run / PLAN).is_file():
        raise InputError(
            f"Expected {run} to be a run of folds to resume, got one training: leave --folds out."
        )
    plan = read_json(run / PLAN)
    if (plan.get("folds"), plan.get("refit")) != (folds, refit):
        flag = " --refit" if plan.get("refit") else ""
        raise InputError(f"Expected to resume {run} as it began, with --folds {plan.get('folds')}{flag}.")


def _sayer(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, soft_wrap=True, markup=False)


def _of_fold(recipe: Recipe, fold: int) -> Recipe:
    return recipe.model_copy(update={"split": recipe.split.model_copy(update={"fold": fold})})


def _on_everybody(recipe: Recipe, run: Path, folds: int) -> Recipe:
    """The recipe of the refit: as many epochs as the folds kept, on average, and the last of them."""
    kept = [_kept_epochs(run / FOLDS / f"{fold:02d}", recipe) for fold in range(folds)]
    training = recipe.training.model_copy(
        update={
            "epochs": max(recipe.training.frozen_epochs + 1, round(float(np.mean(kept)))),
            "keep": "last",
            "early_stopping": None,
        }
    )
    split = recipe.split.model_copy(update={"nobody": True, "folds": None, "fold": None})
    return recipe.model_copy(update={"training": training, "split": split})


def _kept_epochs(fold: Path, recipe: Recipe) -> int:
    """How many epochs the member of a fold was trained for."""
    history = pl.read_csv(fold / "history.csv")
    if recipe.training.keep == "last":
        return history.height
    column = f"held_out_{recipe.training.metric}"
    best = history[column].arg_min() if recipe.training.metric == "loss" else history[column].arg_max()
    return int(history["epoch"][best or 0])


def _train_part(recipe: Recipe, data: Path, folder: Path, name: str, console: Console | None = None) -> str:
    if (folder / "lineage.json").is_file() and read_json(folder / "lineage.json").get("finished"):
        return name
    if console is not None:
        console.print(f"{name}:", soft_wrap=True, markup=False)
    resume = (folder / "recipe.yaml").is_file()
    metrics = train(recipe, data, folder, resume=resume, photos_in_report=False, console=console)
    if metrics.get("interrupted"):
        raise StoppedError(f"Interrupted in {name}: --resume goes on.")
    return name


def _check_folds(prepared: Prepared, folds: int) -> None:
    """Refuse more folds than persons of a labelled combination: a fold could not be scored on it."""
    strata = person_strata(prepared.table)
    for stratum in np.unique(strata):
        rows = strata == stratum
        n_persons = len(np.unique(prepared.groups[rows]))
        if n_persons < folds:
            place = int(np.flatnonzero(rows)[0])
            indices = prepared.table.label_indices()[place]
            constant = [
                f"{a.label_column} {a.values[i]}"
                for a, i in zip(prepared.table.space.attributes, indices, strict=True)
                if a.constant and i != UNKNOWN
            ]
            raise InputError(
                f"Expected at least {folds} persons with {', '.join(constant)} for {folds} folds, got {n_persons}: "
                "choose fewer folds."
            )
