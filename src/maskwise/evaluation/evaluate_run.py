"""`evaluate`: a run on other data, or on a competition's photos with answers from elsewhere."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from maskwise.data.faces.face_cache import find_faces
from maskwise.data.leakage import Side, find_trained_on
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.data.table import PhotoTable
from maskwise.data.transform_photo import need_faces
from maskwise.errors import InputError
from maskwise.evaluation.answers import add_answers
from maskwise.evaluation.face_counts import count_faces, describe_faces
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.evaluation.write_run import Result, ScoredPhotos, write_result
from maskwise.inference.decision import Choice
from maskwise.inference.load_run import create_predictor, load_members
from maskwise.inference.predictor import Predictor
from maskwise.models.tuned_decision import pool_by_person
from maskwise.reporter import SILENT, Reporter
from maskwise.reporting.run_report import About
from maskwise.runs.lineage import FaceCounts
from maskwise.runs.metrics import Circumstances, Metrics
from maskwise.runs.run import Run
from maskwise.runs.run_folder import ResultFolder
from maskwise.tasks.label_space import UNKNOWN


@dataclass(frozen=True)
class Evaluation:
    """Where an evaluation was written, and its scores."""

    folder: Path
    metrics: Metrics


def evaluate(
    run: Run,
    data: Path,
    *,
    labels: Path | None = None,
    name: str | None = None,
    groups: tuple[str, ...] | None = None,
    choice: Choice | None = None,
    by_person: bool = False,
    photos_in_report: bool = True,
    reporter: Reporter = SILENT,
) -> Evaluation:
    """Score a run on data and write the evaluation into the run's folder.

    Photos that the run was trained on, by person or by content, make the score worthless as a claim about
    other persons: they are counted, reported, and marked in metrics and report.

    Args:
        run: the run.
        data: a folder in a known layout, or a table.
        labels: a CSV with `ImageID,ans` or with `photo` and label columns, for data without labels.
        name: of the evaluation; the data's name by default.
        groups: additional columns to score by; all with 2 to 12 values by default.
        choice: how classes are decided; the run's own rule by default.
        by_person: average what is constant over a person over all photos of the person.
        photos_in_report: whether the report shows the worst mistakes.
        reporter: receives what is found, and the progress of scanning and predicting.

    Raises:
        InputError: when run, data or labels are not as expected, or no photo has a label.
    """
    folder = _free_folder(run, data, name)
    members = load_members(run)
    predictor = create_predictor(members, run.ensemble)
    space = predictor.space
    table, looks = _labelled_photos(data, labels, run, reporter)
    evaluated = Side(table.photos, table.frame["person"].to_list(), looks)
    trained_on = int(find_trained_on(evaluated, trained_photos(run)).sum())
    if trained_on:
        reporter.message(
            f"{trained_on} of these {len(table)} photos were trained on or show persons who were: no held-out score."
        )
    faces: FaceCounts | None = None
    if need_faces(predictor.engine.transforms):
        known = find_faces(
            looks["digest"].to_list(), table.paths, progress=reporter.progress("looking for faces")
        )
        faces = count_faces([known[digest] for digest in looks["digest"]])
        reporter.message(describe_faces(faces))
        predictor = Predictor(predictor.card, predictor.engine, known)
    probabilities = predictor.predict_all(table.paths, reporter.progress("predicting"))
    choice = choice or Choice(predictor.card.decision)
    persons_known = not table.frame["person"].null_count()
    decision = choice.label()
    if by_person:
        if not persons_known:
            raise InputError(
                f"{data}: expected a person for every photo to pool by person, got photos without one."
            )
        probabilities = pool_by_person(probabilities, table.persons, space).astype(np.float32)
        decision = f"{decision}, pooled by person"
    photos = ScoredPhotos.of_table(
        table, space.encode(table.label_indices()), probabilities, choice.classes(probabilities, space)
    )
    circumstances = Circumstances(
        scored_on=None if trained_on else ("held-out persons" if persons_known else "held-out photos"),
        leaky=trained_on > 0,
        n_trained_on=trained_on,
        persons_known=persons_known,
        data=str(data),
        decision=decision,
    )
    scores = score(
        table.label_indices(),
        photos.decided,
        table.persons,
        space,
        groups=grouping_columns(table.group_values(), groups),
    )
    metrics = Metrics.combine(circumstances, scores)
    about = _about(run, data, labels, folder.path.name, metrics, faces)
    result = Result(metrics=metrics, space=space, about=about, photos=photos)
    write_result(folder, result, members[:1] if photos_in_report else None)
    return Evaluation(folder.path, metrics)


def _free_folder(run: Run, data: Path, name: str | None) -> ResultFolder:
    """Where an evaluation goes: the same data may be evaluated again, other data need another name."""
    known = data.resolve()
    folder = run.folder.evaluation(name or (known.name if known.is_dir() else known.stem))
    if folder.metrics.is_file():
        before = Metrics.read(folder.metrics).data
        if before is not None and Path(before).resolve() != known:
            raise InputError(
                f"Expected {folder.path} to be free or to hold an evaluation of {data}, got one of {before}: "
                "choose another name.",
                setting="name",
            )
    return folder


def _labelled_photos(
    data: Path,
    labels: Path | None,
    run: Run,
    reporter: Reporter,
) -> tuple[PhotoTable, pl.DataFrame]:
    """The photos that can be read and have a label, and the scan's rows of them."""
    table = read_data(data, run.space)
    if labels is not None:
        table = add_answers(table, labels, run.space)
    scan = scan_photos(table, progress=reporter.progress("scanning photos"))
    usable = scan.usable & (table.label_indices() != UNKNOWN).any(axis=1)
    if not usable.any():
        raise InputError(
            f"{data}: expected photos with labels to score on, got none; give a CSV with ImageID,ans.",
            setting="labels",
        )
    if scan.set_aside.height:
        reporter.message(
            f"{scan.set_aside.height} photos can't be used and are left out, the first: {scan.set_aside.row(0)}."
        )
    if short := int((scan.usable & ~usable).sum()):
        reporter.message(f"{short} photos have no label and are left out.")
    return table.keep(usable), scan.frame.filter(pl.Series(usable, dtype=pl.Boolean))


def trained_photos(run: Run) -> Side:
    """The photos that a run was trained on, from its split.

    Raises:
        InputError: when the split does not say what the photos look like.
    """
    try:
        return Side.from_frame(run.trained_on)
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"Expected {run.folder.split} to describe the photos that were trained on, got: {error}."
        ) from error


def _about(
    run: Run, data: Path, labels: Path | None, name: str, metrics: Metrics, faces: FaceCounts | None
) -> About:
    warnings: tuple[str, ...] = ()
    if metrics.leaky:
        warnings = (
            f"{metrics.n_trained_on} of these photos were trained on, or show persons who were. The score says "
            "how well the run remembers them, not how it does on others.",
        )
    labelled = f" --labels {labels}" if labels else ""
    return About(
        title=f"{run.name} on {name}",
        subtitle="an evaluation of a maskwise run",
        facts={
            "run": str(run.path),
            "data": str(data),
            "labels": str(labels) if labels else "from the data",
            "decision": str(metrics.decision),
            **({} if faces is None else {"faces": describe_faces(faces)}),
        },
        rebuild=f"maskwise evaluate {run.path} --data {data}{labelled} --name {name}",
        warnings=warnings,
    )
