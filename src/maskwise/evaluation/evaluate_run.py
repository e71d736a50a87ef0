"""`evaluate`: a run on other data, or on a competition's photos with answers from elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from maskwise.data.leakage import Side, find_trained_on
from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import Progress, scan_photos
from maskwise.data.table import PhotoTable, check_labels, require_columns, require_values
from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.files import read_json, write_json
from maskwise.inference.decision import Choice
from maskwise.inference.load_run import load_predictor
from maskwise.models.tuned_decision import pool_by_person
from maskwise.reporting.gallery import worst_mistakes
from maskwise.reporting.run_report import About, calibration_plot, write_report
from maskwise.runs.predictions import save_predictions
from maskwise.tasks.label_space import UNKNOWN, LabelSpace


@dataclass(frozen=True)
class Evaluation:
    """Where an evaluation was written, and the content of its `metrics.json`."""

    folder: Path
    metrics: dict[str, Any]


def evaluate(
    run: Path,
    data: Path,
    *,
    labels: Path | None = None,
    name: str | None = None,
    groups: tuple[str, ...] | None = None,
    choice: Choice | None = None,
    by_person: bool = False,
    photos_in_report: bool = True,
    say: Callable[[str], None] = lambda line: None,
    scan_progress: Progress | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a run on data and write `RUN/evaluations/NAME/`.

    Photos that the run was trained on, by person or by content, make the score worthless as a claim about
    others: they are counted, said, and marked in metrics and report.

    Args:
        run: a run folder.
        data: a folder in a known layout, or a table.
        labels: a CSV with `ImageID,ans` or with `photo` and label columns, for data without labels.
        name: of the evaluation; the data's name by default.
        groups: further columns to score by; all with 2 to 12 values by default.
        choice: how classes are decided; the run's own rule by default.
        by_person: let all photos of a person agree on what is constant over a person.
        photos_in_report: whether the report shows the worst mistakes.
        say: told a line at a time what was found.
        scan_progress: called while photos are scanned.
        progress: called while photos are predicted.

    Raises:
        InputError: when run, data or labels are not as expected, or no photo has a label.
    """
    folder = _free_folder(run, data, name)
    predictor = load_predictor(run)
    space = predictor.space
    table = read_data(data, space)
    if labels is not None:
        table = _with_labels(table, labels, space)
    scan = scan_photos(table, progress=scan_progress)
    indices = table.label_indices()
    usable = scan.usable & (indices != UNKNOWN).any(axis=1)
    if not usable.any():
        raise InputError(
            f"{data}: expected photos with labels to score on, got none; give --labels CSV with ImageID,ans."
        )
    if scan.set_aside.height:
        say(
            f"{scan.set_aside.height} photos can't be used and are left out, the first: {scan.set_aside.row(0)}."
        )
    if short := int((scan.usable & ~usable).sum()):
        say(f"{short} photos have no label and are left out.")
    table, indices = table.keep(usable), indices[usable]
    looks = scan.frame.filter(pl.Series(usable, dtype=pl.Boolean))
    evaluated = Side(table.photos, table.frame["person"].to_list(), looks)
    trained_on = int(find_trained_on(evaluated, trained_photos(run)).sum())
    if trained_on:
        say(
            f"{trained_on} of these {len(table)} photos were trained on or show persons who were: no held-out score."
        )

    probabilities = predictor.predict_all(table.paths, progress)
    choice = choice or Choice(predictor.card.decision)
    persons_known = not table.frame["person"].null_count()
    if by_person:
        if not persons_known:
            raise InputError(
                f"{data}: expected a person for every photo to pool by person, got photos without one."
            )
        probabilities = pool_by_person(probabilities, table.persons, space).astype(np.float32)
    predictions = choice.classes(probabilities, space)
    decision = f"{choice.told()}, pooled by person" if by_person else choice.told()
    metrics: dict[str, Any] = {
        "schema": 1,
        "scored_on": None if trained_on else ("held-out persons" if persons_known else "held-out photos"),
        "leaky": trained_on > 0,
        "n_trained_on": trained_on,
        "persons_known": persons_known,
        "data": str(data),
        "decision": decision,
        **score(
            indices, predictions, table.persons, space, groups=grouping_columns(table.group_values(), groups)
        ),
    }
    classes = space.encode(indices)
    save_predictions(folder / "predictions.parquet", table, classes, probabilities)
    write_json(folder / "metrics.json", metrics)
    gallery = None
    if photos_in_report:
        gallery = worst_mistakes(
            [run], table.photos, table.paths, table.persons, classes, predictions, probabilities
        )
    write_report(
        folder / "report.html",
        metrics,
        space,
        _about(run, data, labels, folder.name, metrics),
        gallery=gallery,
        extra=calibration_plot(probabilities, classes),
    )
    return Evaluation(folder, metrics)


def _free_folder(run: Path, data: Path, name: str | None) -> Path:
    """Where an evaluation goes: the same data may be evaluated again, other data need another name."""
    known = data.resolve()
    folder = run / "evaluations" / (name or (known.name if known.is_dir() else known.stem))
    if (folder / "metrics.json").is_file():
        before = read_json(folder / "metrics.json").get("data")
        if before is not None and Path(before).resolve() != known:
            raise InputError(
                f"Expected {folder} to be free or to hold an evaluation of {data}, got one of {before}: "
                "choose another --name."
            )
    return folder


def _with_labels(table: PhotoTable, path: Path, space: LabelSpace) -> PhotoTable:
    """The table with labels (and persons and groups, where given) from a CSV, matched by photo."""
    raw = read_csv_text(path)
    key = "ImageID" if "ImageID" in raw.columns else "photo"
    require_columns(raw, (key,), path)
    names = require_values(raw, key, path)
    if names.is_duplicated().any():
        raise InputError(
            f"{path}: expected each {key} once, got {names.filter(names.is_duplicated())[0]!r} again."
        )
    known = ["ans", *(a.name for a in space.attributes), *(a.label_column for a in space.attributes)]
    if not any(column in raw.columns for column in known):
        raise InputError(
            f"{path}: expected a column ans, or some of {', '.join(dict.fromkeys(known[1:]))}, "
            f"got {', '.join(raw.columns)}."
        )
    if not raw.height:
        raise InputError(f"{path}: expected at least one row, got none.")
    own = table.frame["id" if key == "ImageID" else "photo"].to_list()
    place = {name: row for row, name in enumerate(names)}
    rows = [place.get(name) for name in own]
    if all(row is None for row in rows):
        raise InputError(
            f"{path}: expected {key} of the data's photos, such as {own[0]!r}, got {names[0]!r} and others."
        )
    typed = _answers(raw, path, space) if "ans" in raw.columns else check_labels(raw, space, path)
    if "person" in raw.columns:  # an empty cell is an unknown person, not one that all such photos share
        raw = raw.with_columns(pl.col("person").str.strip_chars().replace("", None))
    extras = raw.drop(
        [c for c in raw.columns if c in (*typed.columns, key, "ans", "id", "photo", "split", "source")]
    )
    both = typed.hstack(extras).with_row_index("row")
    picked = pl.DataFrame({"row": rows}, schema={"row": pl.UInt32}).join(
        both, on="row", how="left", maintain_order="left"
    )
    kept = table.frame.drop([c for c in picked.columns if c in table.frame.columns])
    frame = kept.hstack(picked.drop("row"))
    return PhotoTable(frame, table.root, table.space, table.notes)


def _answers(raw: pl.DataFrame, path: Path, space: LabelSpace) -> pl.DataFrame:
    """Label columns from the joint classes of an `ans` column."""
    classes = raw["ans"].cast(pl.Int64, strict=False)
    wrong = (~classes.is_between(0, space.n_classes - 1).fill_null(False)).arg_true()
    if len(wrong):
        raise InputError(
            f"{path}, row {wrong[0] + 2}, column ans: expected a class from 0 to {space.n_classes - 1}, "
            f"got {raw['ans'][int(wrong[0])]!r}."
        )
    values = space.decode(classes.to_numpy())
    columns = {
        attribute.label_column: [attribute.values[v] for v in values[:, place]]
        for place, attribute in enumerate(space.attributes)
    }
    return check_labels(pl.DataFrame(columns), space, path)


def trained_photos(run: Path) -> Side:
    """The photos that a run was trained on, from its `split.parquet`.

    Raises:
        InputError: when the run's split is missing or broken.
    """
    try:
        split = pl.read_parquet(run / "split.parquet", glob=False)
        return Side.from_frame(split.filter(pl.col("side") == "train"))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"Expected {run / 'split.parquet'} to say what was trained on, got: {error}."
        ) from error


def _about(run: Path, data: Path, labels: Path | None, name: str, metrics: dict[str, Any]) -> About:
    warnings: tuple[str, ...] = ()
    if metrics["leaky"]:
        warnings = (
            f"{metrics['n_trained_on']} of these photos were trained on, or show persons who were. The score says "
            "how well the run remembers them, not how it does on others.",
        )
    labelled = f" --labels {labels}" if labels else ""
    return About(
        title=f"{run.name} on {name}",
        subtitle="an evaluation of a maskwise run",
        facts={
            "run": str(run),
            "data": str(data),
            "labels": str(labels) if labels else "from the data",
            "decision": metrics["decision"],
        },
        rebuild=f"maskwise evaluate {run} --data {data}{labelled} --name {name}",
        warnings=warnings,
    )
