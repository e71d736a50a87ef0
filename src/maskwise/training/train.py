"""Train one run, from data and a recipe to a folder with a member, scores and a report."""

import time
from pathlib import Path

import numpy as np

from maskwise.data.photo_source import PhotoSource
from maskwise.data.sampling import ShuffledSpec
from maskwise.errors import InputError, MaskwiseError, StoppedError
from maskwise.evaluation.face_counts import faces_of
from maskwise.models.classifier import Classifier
from maskwise.process_settings import prepare_process
from maskwise.recipes.recipe_files import save_recipe
from maskwise.recipes.schema import Recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.lineage import Lineage, Parent
from maskwise.runs.metrics import Metrics
from maskwise.runs.run import Run
from maskwise.runs.run_folder import RunFolder
from maskwise.training.begin_run import began_with, begin_run, continue_run, stored_recipe
from maskwise.training.create_loop import create_loop
from maskwise.training.create_photo_source import create_photo_source
from maskwise.training.distributed import barrier, is_first, join_group
from maskwise.training.extra_data import add_training_photos
from maskwise.training.finish_run import load_kept_epoch, write_finished, write_member
from maskwise.training.prepare_data import prepare
from maskwise.training.resolve_recipe import resolve_recipe
from maskwise.training.teachers import check_parents, check_parents_leak, teach
from maskwise.training.train_probe import train_probe
from maskwise.training.trainer import Fit, Loop, fit
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob


def train(
    recipe: Recipe,
    data: Path,
    run: Path,
    *,
    resume: bool = False,
    photos_in_report: bool = True,
    reporter: Reporter = SILENT,
) -> Metrics:
    """Train a run, or go on with one.

    Args:
        recipe: what to do; a resumed run keeps its own, written in its folder.
        data: a folder in a known layout, or a table.
        run: the run's folder, new or empty unless `resume`.
        resume: go on from the last checkpoint.
        photos_in_report: whether the report shows the worst mistakes.
        reporter: receives what is found, the progress, and the scores of each epoch.

    Raises:
        InputError: when the data, the recipe or the folder is not as expected.
        MaskwiseError: when training fails, or was interrupted before there was anything to score.
    """
    folder = RunFolder(run)
    job = TrainingJob(
        recipe=recipe,
        data=data,
        folder=folder,
        resume=resume,
        photos_in_report=photos_in_report,
        reporter=reporter if is_first() else SILENT,
    )
    folder.check_free(resume=resume)
    with folder.lock():
        folder.check_free(resume=resume)  # again: another process may have just finished one
        return _train(job)


def _train(job: TrainingJob) -> Metrics:
    begin, folder = time.time(), job.folder
    begun: Lineage | None = None
    if job.resume:
        job = job.with_recipe(stored_recipe(folder, job.recipe))
        # Without a lineage it was killed before training began: it begins again.
        begun = Lineage.read(folder.lineage) if folder.lineage.is_file() else None
    if begun is not None and begun.finished:
        job.reporter.message(f"{folder.path} is finished: nothing to resume.")
        return _load_finished(folder)
    split = job.recipe.split
    if split.folds is not None and split.fold is None:
        raise InputError(
            f"Expected a recipe of {split.folds} folds to name the one to train (split.fold), but it names none: train "
            "all of them as a run of folds.",
            setting="folds",
        )
    prepare_process()
    join_group()

    data, parents = _gather(job)
    if begun is not None and not began_with(begun, folder, data, parents):
        raise InputError(
            f"Expected {job.data} to be the data that {folder.path} began with, but it differs: train a new run."
        )
    resolved = resolve_recipe(job.recipe, data)
    if rates := resolved.measured.precision:
        shown = ", ".join(f"{name} {rate:g} photos a second" for name, rate in rates.items())
        job.reporter.message(f"Precision measured: {shown}; taken: {resolved.recipe.training.precision}.")
    job = job.with_recipe(resolved.recipe)
    source = create_photo_source(data, job.recipe, job.reporter)
    data = data.with_targets(teach(data, job.recipe.distillation, source.paths))
    if begun is None:
        begun = begin_run(job, data, resolved.measured.with_faces(faces_of(source)), parents)
    else:
        begun = continue_run(folder, begun)
    barrier()
    job.reporter.message(_what_begins(job.recipe, data))

    if job.recipe.probe is not None:
        if is_first():
            _fit_probe(job, data, resolved.classifier, source, begun, begin)
        barrier()
        return Metrics.read(folder.metrics)
    loop = create_loop(job.recipe, data, resolved.classifier, source)
    _report_epoch(data, job, len(loop.training) * loop.photos_per_batch)
    ended = _fit(loop, job)
    if is_first():
        load_kept_epoch(folder, loop.module, job.recipe)
        write_member(folder, loop.module.classifier, data, job.recipe)
        lineage = begun

        def finish() -> Lineage:
            seconds = round(lineage.seconds + time.time() - begin, 1)
            return lineage.model_copy(update={"finished": not ended.interrupted, "seconds": seconds})

        write_finished(job, data, source, ended, finish)
    barrier()
    return Metrics.read(folder.metrics)


def _load_finished(folder: RunFolder) -> Metrics:
    """The scores of a finished run, all of its files checked.

    Raises:
        InputError: when a file is not what the run wrote.
    """
    run = Run(folder.path)
    run.check_files()
    return run.metrics


def _fit_probe(
    job: TrainingJob,
    data: TrainingData,
    classifier: Classifier,
    source: PhotoSource,
    begun: Lineage,
    begin: float,
) -> None:
    """Fit linear heads on frozen features, and write the run; a resume finds the features in the cache."""
    probe = train_probe(job, data, classifier, source)
    job = job.with_recipe(probe.recipe)
    save_recipe(job.folder.recipe, job.recipe)  # with what was chosen
    write_member(job.folder, classifier, data, job.recipe)

    def finish() -> Lineage:
        measured = begun.measured.with_heads(probe.trials)
        seconds = round(begun.seconds + time.time() - begin, 1)
        return begun.model_copy(update={"finished": True, "seconds": seconds, "measured": measured})

    write_finished(job, data, source, probe.fit, finish, probe.held_out)


def _gather(job: TrainingJob) -> tuple[TrainingData, tuple[Parent, ...]]:
    """All photos of a training, and the runs that it learns from, checked for leaks."""
    data = prepare(job.data, job.recipe, reporter=job.reporter)
    parents = check_parents(job.recipe, data.table.space)
    check_parents_leak(job.recipe, data)
    return add_training_photos(data, job.recipe, reporter=job.reporter), parents


def _fit(loop: Loop, job: TrainingJob) -> Fit:
    path = job.folder.path
    try:
        result = fit(loop, job.recipe.training, folder=job.folder, reporter=job.reporter)
    except OSError as error:
        raise MaskwiseError(
            f"Expected to write to {path}, got: {error.strerror or error}. Free some space and resume."
        ) from error
    if not result.epochs_done:
        raise StoppedError(
            f"Interrupted before an epoch was done: nothing to score yet. Resume to go on with {path}.",
            setting="resume",
        )
    return result


def _what_begins(recipe: Recipe, data: TrainingData) -> str:
    part = recipe.training
    loop = "linear heads on frozen features"
    if recipe.probe is None:
        loop = f"{part.epochs} epochs, batches of {part.batch_size}, {part.precision}"
    on = f"Training {recipe.name} on {len(data.train_rows):,} photos"
    if recipe.split.by == "photo":
        return f"Training {recipe.name}, split by photo."
    if recipe.split.nobody:
        return f"{on}, everybody's: nobody is left to score it on; {loop}."
    others = len(np.unique(data.held_out_table.persons))
    return f"{on}, scoring on {len(data.held_out_rows):,} photos of {others:,} other persons; {loop}."


def _report_epoch(data: TrainingData, job: TrainingJob, photos: int) -> None:
    """Report what the whole batches of an epoch hold."""
    rows, classes, space = data.train_rows, data.train_classes, data.table.space
    sampling = job.recipe.sampling
    if isinstance(sampling, ShuffledSpec):
        job.reporter.message(
            f"Every epoch draws {min(photos, len(rows)):,} of the {len(rows):,} photos, each once."
        )
        return
    order = data.epoch_orders(sampling, job.recipe.seed)(0)[:photos]
    drawn = np.bincount(classes[np.searchsorted(rows, order)], minlength=space.n_classes)
    there = np.bincount(classes, minlength=space.n_classes)
    job.reporter.message("Draws of each class in the first epoch, and its photos:")
    for name, draws, available in zip(space.class_names, drawn, there, strict=True):
        job.reporter.message(f"  {name}: {draws:,} of {available:,}")
