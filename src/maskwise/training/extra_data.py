"""Photos that are trained on and never held out: additional labelled data, and photos that a run has labelled."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from maskwise.data.data_fingerprint import data_fingerprint
from maskwise.data.leakage import Side, check_additional_photos, find_shared_persons
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import Scan, scan_photos
from maskwise.data.table import PhotoTable
from maskwise.data.targets import Targets
from maskwise.errors import InputError
from maskwise.inference.load_run import load_predictor
from maskwise.recipes.parent_runs import PseudoLabelPart
from maskwise.recipes.schema import Recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.lineage import ExtraData
from maskwise.runs.run import open_run
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.prepare_data import TrainingLabels
from maskwise.training.training_data import TrainingData


@dataclass(frozen=True)
class _Extra:
    """Usable photos of an additional data set (E), and what they are trained towards."""

    name: str
    table: PhotoTable
    scan: pl.DataFrame
    targets: Targets  # (E, C)


def add_training_photos(data: TrainingData, recipe: Recipe, *, reporter: Reporter = SILENT) -> TrainingData:
    """Add `data.more` and `pseudo_labels` to the training side.

    Args:
        data: the run's own photos.
        recipe: what was chosen.
        reporter: receives a message for each data set, and the progress of scanning it.

    Raises:
        InputError: when a data set can't be read, or has nothing to add.
        LeakError: when a photo of it is a near-duplicate of a held-out one.
    """
    labels = TrainingLabels(recipe.labels, data.table.space)
    for name in recipe.data.more:
        table, scan = _scan(name, data, reporter)
        extra = _labelled(name, table, scan, labels)
        data = _join(data, extra, labels, _entry(extra, table, scan, "labels"), reporter)
        reporter.message(f"{len(extra.table):,} photos of {name} are trained on too.")
    part = recipe.pseudo_labels
    if part is not None:
        table, scan = _scan(part.data, data, reporter)
        extra = _pseudo_labelled(part, table, scan)
        data = _join(data, extra, labels, _entry(extra, table, scan, f"labelled by {part.run}"), reporter)
        reporter.message(
            f"{len(extra.table):,} of {len(table):,} photos of {part.data} are trained on with the labels "
            f"that {part.run} gives with a confidence of {part.confidence:g} or more."
        )
    return data


def _scan(name: str, data: TrainingData, reporter: Reporter) -> tuple[PhotoTable, Scan]:
    table = read_data(Path(name), data.table.space)
    return table, scan_photos(table, progress=reporter.progress(f"scanning photos of {name}"))


def _labelled(name: str, table: PhotoTable, scan: Scan, labels: TrainingLabels) -> _Extra:
    usable = scan.usable & (table.space.encode(table.label_indices()) != UNKNOWN)
    if not usable.any():
        raise InputError(f"data.more: expected photos with labels in {name}, got none.")
    kept = table.keep(usable)
    return _Extra(name, kept, scan.frame.filter(usable), labels.targets(kept))


def _pseudo_labelled(part: PseudoLabelPart, table: PhotoTable, scan: Scan) -> _Extra:
    readable, frame = table.keep(scan.usable), scan.frame.filter(scan.usable)
    probabilities = load_predictor(open_run(Path(part.run))).predict_all(readable.paths)
    sure = probabilities.max(axis=1, initial=0) >= part.confidence
    if not sure.any():
        raise InputError(
            f"pseudo_labels: expected {part.run} to be sure of some photos of {part.data}, got none with "
            f"{part.confidence:g} or more: lower pseudo_labels.confidence."
        )
    return _Extra(part.data, readable.keep(sure), frame.filter(sure), probabilities[sure])


def _join(
    data: TrainingData, extra: _Extra, labels: TrainingLabels, entry: ExtraData, reporter: Reporter
) -> TrainingData:
    """Both tables, the additional one on the training side, under names that lead to its files."""
    _report_shared_ids(data, extra, reporter)
    here, there = data.table, extra.table
    # Resolved: a relative path through a link would lead elsewhere.
    base = os.path.realpath(here.root)
    photos = [os.path.relpath(os.path.realpath(path), base) for path in there.paths]
    persons = [f"{extra.name}: {person}" for person in there.persons]
    frame = there.frame.with_columns(pl.Series("photo", photos), pl.Series("person", persons))
    shared = [column for column in frame.columns if column in here.frame.columns]
    table = replace(here, frame=pl.concat([here.frame, frame.select(shared)], how="diagonal_relaxed"))
    scan = pl.concat([data.photos.scan, extra.scan.with_columns(pl.Series("photo", photos))])
    check_additional_photos(extra.name, Side(photos, persons, extra.scan), data.held_out_side())
    classes = there.space.encode(there.label_indices())
    return replace(
        data,
        photos=replace(
            data.photos,
            table=table,
            scan=scan,
            score_classes=np.concatenate([data.photos.score_classes, classes]),
        ),
        split=replace(
            data.split,
            held_out=np.concatenate([data.split.held_out, np.zeros(len(there), dtype=bool)]),
            groups=np.concatenate([data.split.groups, np.asarray(persons, dtype=np.str_)]),
        ),
        left_out=np.concatenate([data.left_out, labels.left_out(there)]),
        targets=np.concatenate([data.targets, extra.targets]),
        extra=(*data.extra, entry),
    )


def _report_shared_ids(data: TrainingData, extra: _Extra, reporter: Reporter) -> None:
    """Persons of two data sets are taken for different ones: where names agree, the user should know."""
    held_out = data.held_out_table.persons.tolist()
    shared = find_shared_persons(held_out, extra.table.persons.tolist())
    if shared:
        reporter.message(
            f"Note: {len(shared)} persons of {extra.name} have the name of a held-out one, such as {shared[0]}, and "
            "are taken for others. If they are the same, the score is worth nothing: leave them out."
        )


def _entry(extra: _Extra, table: PhotoTable, scan: Scan, labels: str) -> ExtraData:
    return ExtraData(
        path=extra.name,
        fingerprint=data_fingerprint(table, scan),
        n_photos=len(extra.table),
        labels=labels,
    )
