"""The end of a training: its member, the predictions of that member for the held-out photos, and their scores."""

from collections.abc import Callable

from maskwise.data.photo_source import PhotoSource
from maskwise.errors import InputError, MaskwiseError
from maskwise.evaluation.face_counts import faces_of
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.evaluation.write_run import Result, ScoredPhotos, write_run
from maskwise.inference.engine import Probabilities
from maskwise.inference.load_run import create_predictor, load_members
from maskwise.inference.predictor import Predictor
from maskwise.models.classifier import Classifier
from maskwise.models.decision import decide
from maskwise.models.member import Member, MemberCard, save_member
from maskwise.recipes.schema import Recipe
from maskwise.reporter import Reporter
from maskwise.runs.lineage import Lineage
from maskwise.runs.metrics import Circumstances, Metrics
from maskwise.runs.run import Run
from maskwise.runs.run_folder import RunFolder
from maskwise.training.checkpoints import load_checkpoint
from maskwise.training.lightning_module import TrainingModule
from maskwise.training.run_facts import describe_training
from maskwise.training.train_probe import check_member
from maskwise.training.trainer import BEST, LAST, Fit
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob

_CHECKED = 64
"""Held-out photos that the member of a probe is checked on."""


def load_kept_epoch(folder: RunFolder, module: TrainingModule, recipe: Recipe) -> None:
    """Give the module the checkpoint that the recipe keeps."""
    best, last = folder.checkpoints / BEST, folder.checkpoints / LAST
    checkpoint = best if recipe.training.keep == "best" and best.is_file() else last
    module.load_state_dict(load_checkpoint(checkpoint)["state_dict"])


def write_member(folder: RunFolder, classifier: Classifier, data: TrainingData, recipe: Recipe) -> None:
    """Write the first member."""
    card = MemberCard(
        label_space=data.table.space.to_dict(),
        training_boundaries=recipe.labels.boundaries,
        transform=recipe.transform,
        model=recipe.model,
        decision=recipe.decision,
        commonest_class=data.commonest_class,
    )
    save_member(folder.member(0), classifier, card)


def write_finished(
    job: TrainingJob,
    data: TrainingData,
    source: PhotoSource,
    fit: Fit,
    lineage: Callable[[], Lineage],
    expected: Probabilities | None = None,
) -> Metrics:
    """Score the held-out photos by the member as it lies on disk, and write all that follows from it.

    Args:
        job: what was asked for, its recipe resolved.
        data: the photos.
        source: where they are read from.
        fit: how training ended.
        lineage: makes the lineage, at the very end.
        expected: joint probabilities (H, C) of the held-out photos where a probe has them already; the member is then
            checked on some of the photos.
    """
    recipe = job.recipe
    training = Circumstances(
        interrupted=fit.interrupted,
        epochs=fit.epochs_done,
        seconds=fit.seconds,
    )
    if recipe.split.nobody:
        metrics = Metrics.combine(training.model_copy(update={"scored_on": None, "leaky": False}), None)
        write_run(job.folder, metrics, lineage)
        return metrics
    members = load_members(Run(job.folder.path))
    probabilities = _predict_held_out(members, data, source, expected, job.reporter)
    scored = score_held_out(data, recipe, probabilities)
    metrics = scored.model_copy(
        update={
            **{name: getattr(training, name) for name in training.model_fields_set},
            "images_per_second": fit.images_per_second,
        }
    )
    photos = ScoredPhotos.of_table(
        data.held_out_table,
        data.held_out_classes,
        probabilities,
        decide(probabilities, data.table.space, recipe.decision),
    )
    about = describe_training(job, data, metrics, faces_of(source))
    result = Result(metrics=metrics, space=data.table.space, about=about, photos=photos, history=fit.history)
    write_run(job.folder, result, lineage, members=members if job.photos_in_report else None)
    return metrics


def _predict_held_out(
    members: list[Member],
    data: TrainingData,
    source: PhotoSource,
    expected: Probabilities | None,
    reporter: Reporter,
) -> Probabilities:
    """Joint probabilities (H, C) of the held-out photos."""
    rows = data.held_out_rows if expected is None else data.held_out_rows[:_CHECKED]
    predictor = create_predictor(members)
    predictor = Predictor(predictor.card, predictor.engine, source.faces)
    try:
        paths = [source.paths[row] for row in rows]
        predicted = predictor.predict_all(paths, reporter.progress("predicting held-out photos"))
    except InputError as error:  # all of them could be read when they were scanned
        raise MaskwiseError(f"{error} Leave the photos alone while they are in use, and resume.") from error
    if expected is None:
        return predicted
    check_member(predicted, expected[: len(rows)])
    return expected


def score_held_out(data: TrainingData, recipe: Recipe, probabilities: Probabilities) -> Metrics:
    """The scores of joint probabilities (H, C) of the held-out photos."""
    table = data.held_out_table
    leaky = recipe.split.by == "photo"
    circumstances = Circumstances(
        scored_on="held-out photos" if leaky else "held-out persons",
        leaky=leaky,
        persons_known=not table.frame["person"].null_count(),
        decision=recipe.decision,
        chosen_on_these_persons=recipe.training.chooses_epochs,
    )
    scores = score(
        table.label_indices(),
        decide(probabilities, table.space, recipe.decision),
        table.persons if leaky else data.split.groups[data.held_out_rows],
        table.space,
        groups=grouping_columns(table.group_values(), recipe.data.groups),
    )
    return Metrics.combine(circumstances, scores)
