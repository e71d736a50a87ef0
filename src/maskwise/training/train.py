"""Train one run, from DATA and a recipe to a folder with a member, scores and a report."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console

from maskwise.data.photo_source import PhotoSource
from maskwise.data.sampling import ShuffledSpec
from maskwise.data.scan import ProgressOf
from maskwise.errors import InputError, MaskwiseError, StoppedError
from maskwise.files import read_json, write_json
from maskwise.losses import create_loss
from maskwise.models.classifier import Classifier
from maskwise.process_settings import prepare_process
from maskwise.recipes.recipe_files import parse_recipe, save_recipe
from maskwise.recipes.schema import Recipe
from maskwise.runs.lineage import describe_lineage
from maskwise.runs.predictions import save_predictions
from maskwise.runs.run_lock import check_run_folder, run_lock
from maskwise.training.create_photo_source import create_photo_source
from maskwise.training.distributed import barrier, is_first, join_group, rank, world_size
from maskwise.training.extra_data import add_training_photos
from maskwise.training.lightning_module import TrainingModule
from maskwise.training.loaders import EvaluationLoader, TrainingLoader
from maskwise.training.resolve_recipe import class_counts, settle, training_device
from maskwise.training.teachers import check_parents, check_parents_leak, teach
from maskwise.training.trainer import Fit, fit
from maskwise.training.training_data import Prepared, epoch_orders, prepare, same_split, save_split
from maskwise.training.write_run import (
    predict_held_out,
    save_metrics,
    score_run,
    unscored_metrics,
    write_member,
    write_run_report,
)

"""Gives a progress callback for a named stage."""


def train(
    recipe: Recipe,
    data: Path,
    run: Path,
    *,
    resume: bool = False,
    photos_in_report: bool = True,
    console: Console | None = None,
    progress: ProgressOf = lambda stage: None,
) -> dict[str, Any]:
    """Train a run, or go on with one.

    Args:
        recipe: what to do; a resumed run keeps its own, written in its folder.
        data: a folder in a known layout, or a table.
        run: the run's folder, new or empty unless `resume`.
        resume: go on from the last checkpoint.
        photos_in_report: whether the report shows the worst mistakes.
        console: where lines go; nowhere by default.
        progress: makes the bars of scanning and caching.

    Returns:
        The content of `metrics.json`.

    Raises:
        InputError: when the data, the recipe or the folder is not as expected.
        MaskwiseError: when training fails, or was interrupted before there was anything to score.
    """
    console = console if console is not None and is_first() else Console(quiet=True)

    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False)

    check_run_folder(run, resume=resume)
    with run_lock(run):
        return _train(recipe, data, run, resume, photos_in_report, console, say, progress)


def _train(
    recipe: Recipe,
    data: Path,
    run: Path,
    resume: bool,
    photos_in_report: bool,
    console: Console,
    say: Callable[[str], None],
    progress: ProgressOf,
) -> dict[str, Any]:
    begin = time.time()
    check_run_folder(run, resume=resume)  # again: another process may have just finished one
    if resume:
        recipe = stored_recipe(run, recipe)
        resume = (run / "lineage.json").is_file()  # killed before training began: begin again
    if resume and read_json(run / "lineage.json").get("finished"):
        say(f"{run} is finished: nothing to resume.")
        return read_json(run / "metrics.json")
    if recipe.split.folds is not None and recipe.split.fold is None:
        raise InputError(
            f"Expected --folds {recipe.split.folds} for a recipe of folds: it names no single one."
        )
    prepare_process()
    join_group()

    prepared = prepare(data, recipe, say=say, progress=progress("scanning photos"))
    parents = check_parents(recipe, prepared.table.space)
    check_parents_leak(recipe, prepared)
    prepared, further = add_training_photos(
        prepared, recipe, say=say, progress=progress("scanning further photos")
    )
    if resume and not _began_with(run, prepared, further, parents):
        raise InputError(
            f"Expected {data} to be the data that {run} began with, but it differs: train a new run."
        )
    recipe, classifier, measured = settle(recipe, prepared)
    source = create_photo_source(prepared, recipe, progress, say)
    prepared = replace(prepared, train_targets=teach(prepared, recipe, source.paths))
    if is_first() and not resume:
        _write_beginning(run, data, recipe, prepared, measured, further, parents)
    barrier()
    say(_what_begins(recipe, prepared))

    module, training, held_out, accumulate, batch = _loop_parts(recipe, prepared, classifier, source)
    _say_epoch(prepared, recipe, len(training) * batch * world_size(), say)
    try:
        result = fit(
            module,
            recipe,
            training,
            held_out,
            run=run,
            accumulate=accumulate,
            photos_per_batch=batch * world_size(),
            console=console,
        )
    except OSError as error:
        raise MaskwiseError(
            f"Expected to write to {run}, got: {error.strerror or error}. Free some space and resume."
        ) from error
    if not result.epochs_done:
        raise StoppedError(
            f"Interrupted before an epoch was done: nothing to score yet; --resume goes on with {run}."
        )
    if is_first():
        write_member(run, module, prepared, recipe)
        if recipe.split.nobody:
            save_metrics(run, unscored_metrics(result))
        else:
            _score(run, data, prepared, recipe, source, result, photos=photos_in_report)
        _finish(run, result, begin)
    barrier()
    return read_json(run / "metrics.json")


def _score(
    run: Path,
    data: Path,
    prepared: Prepared,
    recipe: Recipe,
    source: PhotoSource,
    result: Fit,
    *,
    photos: bool,
) -> None:
    """What the member says of the held-out photos, its scores and the report."""
    probabilities = predict_held_out(run, prepared, source)
    save_predictions(
        run / "predictions.parquet",
        prepared.table.keep(prepared.held_out),
        prepared.score_classes[prepared.held_out],
        probabilities,
    )
    metrics = score_run(prepared, recipe, probabilities, result)
    save_metrics(run, metrics)
    write_run_report(run, data, prepared, recipe, metrics, probabilities, result, photos=photos)


def _what_begins(recipe: Recipe, prepared: Prepared) -> str:
    part = recipe.training
    loop = f"{part.epochs} epochs, batches of {part.batch_size}, {part.precision}"
    on = f"Training {recipe.name} on {len(prepared.train_rows):,} photos"
    if recipe.split.by == "photo":
        return f"Training {recipe.name}, split by photo."
    if recipe.split.nobody:
        return f"{on}, everybody's: nobody is left to score it on; {loop}."
    others = len(np.unique(prepared.table.persons[prepared.held_out]))
    return f"{on}, scoring on {len(prepared.held_out_rows):,} photos of {others:,} other persons; {loop}."


def _finish(run: Path, result: Fit, begin: float) -> None:
    lineage = read_json(run / "lineage.json")
    lineage["finished"] = not result.interrupted
    lineage["seconds"] = round(lineage.get("seconds", 0) + time.time() - begin, 1)
    write_json(run / "lineage.json", lineage)


def _say_epoch(prepared: Prepared, recipe: Recipe, photos: int, say: Callable[[str], None]) -> None:
    """What the whole batches of an epoch hold."""
    rows, classes, space = prepared.train_rows, prepared.train_classes, prepared.table.space
    if isinstance(recipe.sampling, ShuffledSpec):
        say(f"Every epoch draws {min(photos, len(rows)):,} of the {len(rows):,} photos, each once.")
        return
    order = epoch_orders(prepared, recipe)(0)[:photos]
    drawn = np.bincount(classes[np.searchsorted(rows, order)], minlength=space.n_classes)
    there = np.bincount(classes, minlength=space.n_classes)
    say("Draws of each class in the first epoch, and its photos:")
    for name, draws, photos in zip(space.class_names, drawn, there, strict=True):
        say(f"  {name}: {draws:,} of {photos:,}")


def _began_with(
    run: Path, prepared: Prepared, further: list[dict[str, Any]], parents: list[dict[str, Any]]
) -> bool:
    """Whether a run began with these photos, this split, and what it learns from beside them."""
    lineage = read_json(run / "lineage.json")
    data = lineage.get("data")
    if not isinstance(data, dict) or data.get("fingerprint") != prepared.fingerprint:
        return False
    beside = (data.get("further", []), [parent.get("weights") for parent in lineage.get("parents", [])])
    same = beside == (further, [parent["weights"] for parent in parents])
    return same and same_split(run / "split.parquet", prepared)


def stored_recipe(run: Path, given: Recipe) -> Recipe:
    """The recipe that a run began with.

    Raises:
        InputError: when it is broken, or not that of the recipe given.
    """
    path = run / "recipe.yaml"
    try:
        stored = parse_recipe(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"Expected {path} to be a recipe, got: {' '.join(str(error).split())}.") from error
    if stored.name != given.name:
        raise InputError(f"Expected to resume {run} with its recipe {stored.name}, got {given.name}.")
    return stored


def _write_beginning(
    run: Path,
    data: Path,
    recipe: Recipe,
    prepared: Prepared,
    measured: dict[str, Any],
    further: list[dict[str, Any]],
    parents: list[dict[str, Any]],
) -> None:
    lineage = describe_lineage(
        data=data,
        fingerprint=prepared.fingerprint,
        table=prepared.table,
        set_aside=prepared.set_aside,
        unlabelled=prepared.unlabelled,
        joined=prepared.joined,
        held_out=prepared.held_out,
        n_train=len(prepared.train_rows),
        seeds={"training": recipe.seed, "split": recipe.split.seed},
        threads=int(recipe.training.threads),
        device=training_device(),
        measured=measured,
        corrections=prepared.corrections,
        further=further,
        parents=parents,
    )
    # The recipe first: a run that is killed in between can then be resumed, and begins anew.
    save_recipe(run / "recipe.yaml", recipe)
    save_split(run / "split.parquet", prepared)
    write_json(run / "lineage.json", lineage | {"finished": False})


def _loop_parts(
    recipe: Recipe, prepared: Prepared, classifier: Classifier, source: PhotoSource
) -> tuple[TrainingModule, TrainingLoader, EvaluationLoader, int, int]:
    part = recipe.training
    batch = int(part.batch_size)
    accumulate = (part.effective_batch or batch) // (batch * world_size()) or 1
    workers = int(part.workers)
    training = TrainingLoader(
        source,
        epoch_orders(prepared, recipe),
        len(prepared.train_rows),
        batch_size=batch,
        rank=rank(),
        world=world_size(),
        accumulate=accumulate,
        workers=workers,
    )
    held_out = EvaluationLoader(
        source, prepared.held_out_rows, batch_size=batch, rank=rank(), world=world_size(), workers=workers
    )
    module = TrainingModule(
        classifier,
        create_loss(recipe.loss, class_counts(prepared, recipe)),
        recipe,
        space=prepared.table.space,
        normalization=recipe.transform.normalization,
        train_targets=prepared.train_targets,
        score_classes=prepared.score_classes,
        steps_per_epoch=max(1, len(training) // accumulate),
    )
    return module, training, held_out, accumulate, batch
