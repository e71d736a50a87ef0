"""Photos that are trained on and never held out: further labelled data, and photos that a run has labelled."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from maskwise.data.leakage import Side, check_additional_photos, find_shared_persons
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import Progress, Scan, scan_photos
from maskwise.data.table import PhotoTable
from maskwise.data.targets import Targets, create_targets
from maskwise.errors import InputError
from maskwise.inference.load_run import load_predictor
from maskwise.recipes.parent_runs import PseudoLabelPart
from maskwise.recipes.schema import Recipe
from maskwise.runs.lineage import data_fingerprint
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.training_data import Prepared, left_out_rows

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Further:
    """Usable photos of a further data set, and what they are trained towards."""

    table: PhotoTable
    frame: pl.DataFrame
    targets: Targets


def add_training_photos(
    prepared: Prepared, recipe: Recipe, *, say: Say, progress: Progress | None = None
) -> tuple[Prepared, list[dict[str, Any]]]:
    """Add `data.more` and `pseudo_labels` to the training side.

    Returns:
        What is trained on now, and an entry for the lineage for each data set.

    Raises:
        InputError: when a data set can't be read, or has nothing to add.
        LeakError: when a photo of it is a near-duplicate of a held-out one.
    """
    entries: list[dict[str, Any]] = []
    for name in recipe.data.more:
        scanned = _scan(name, prepared, progress)
        further = _labelled(name, *scanned, prepared, recipe)
        _say_shared_ids(prepared, further, name, say)
        prepared = _join(prepared, further, name, recipe)
        entries.append(_entry(name, scanned, further, "labels"))
        say(f"{len(further.table):,} photos of {name} are trained on too.")
    part = recipe.pseudo_labels
    if part is not None:
        scanned = _scan(part.data, prepared, progress)
        further = _pseudo_labelled(part, *scanned)
        _say_shared_ids(prepared, further, part.data, say)
        prepared = _join(prepared, further, part.data, recipe)
        entries.append(_entry(part.data, scanned, further, f"labelled by {part.run}"))
        say(
            f"{len(further.table):,} of {len(scanned[0]):,} photos of {part.data} are trained on with the labels "
            f"that {part.run} gives with a confidence of {part.confidence:g} or more."
        )
    return prepared, entries


def _scan(name: str, prepared: Prepared, progress: Progress | None) -> tuple[PhotoTable, Scan]:
    table = read_data(Path(name), prepared.table.space)
    return table, scan_photos(table, progress=progress)


def _labelled(name: str, table: PhotoTable, scan: Scan, prepared: Prepared, recipe: Recipe) -> _Further:
    usable = scan.usable & (table.space.encode(table.label_indices()) != UNKNOWN)
    if not usable.any():
        raise InputError(f"data.more: expected photos with labels in {name}, got none.")
    kept = table.keep(usable)
    space = prepared.table.space.with_boundaries(recipe.labels.boundaries)
    return _Further(kept, scan.frame.filter(usable), create_targets(kept, space, recipe.labels.deviations))


def _pseudo_labelled(part: PseudoLabelPart, table: PhotoTable, scan: Scan) -> _Further:
    seen, frame = table.keep(scan.usable), scan.frame.filter(scan.usable)
    predictor = load_predictor(Path(part.run))
    probabilities = predictor.predict_all(seen.paths)
    sure = probabilities.max(axis=1, initial=0) >= part.confidence
    if not sure.any():
        raise InputError(
            f"pseudo_labels: expected {part.run} to be sure of some photos of {part.data}, got none with "
            f"{part.confidence:g} or more: lower pseudo_labels.confidence."
        )
    return _Further(seen.keep(sure), frame.filter(sure), probabilities[sure])


def _join(prepared: Prepared, further: _Further, name: str, recipe: Recipe) -> Prepared:
    """Both tables, the further one on the training side, under names that lead to its files."""
    here, there = prepared.table, further.table
    # Resolved: a relative path through a link would lead elsewhere.
    base = os.path.realpath(here.root)
    photos = [os.path.relpath(os.path.realpath(path), base) for path in there.paths]
    persons = [f"{name}: {person}" for person in there.persons]
    frame = there.frame.with_columns(pl.Series("photo", photos), pl.Series("person", persons))
    shared = [column for column in frame.columns if column in here.frame.columns]
    table = replace(here, frame=pl.concat([here.frame, frame.select(shared)], how="diagonal_relaxed"))
    looks = pl.concat([prepared.scan, further.frame.with_columns(pl.Series("photo", photos))])
    held_out = np.concatenate([prepared.held_out, np.zeros(len(there), dtype=bool)])
    check_additional_photos(name, Side(photos, persons, further.frame), prepared.held_out_side())
    return replace(
        prepared,
        table=table,
        scan=looks,
        held_out=held_out,
        groups=np.concatenate([prepared.groups, np.asarray(persons, dtype=np.str_)]),
        left_out=np.concatenate([prepared.left_out, left_out_rows(there, recipe)]),
        train_targets=np.concatenate([prepared.train_targets, further.targets]),
        score_classes=np.concatenate([prepared.score_classes, there.space.encode(there.label_indices())]),
    )


def _say_shared_ids(prepared: Prepared, further: _Further, name: str, say: Say) -> None:
    """Persons of two data sets are taken for different ones: where names agree, the user should know."""
    held_out = prepared.table.persons[prepared.held_out].tolist()
    shared = find_shared_persons(held_out, further.table.persons.tolist())
    if shared:
        say(
            f"Note: {len(shared)} persons of {name} have the name of a held-out one, such as {shared[0]}, and are "
            "taken for others. If they are the same, the score is worth nothing: leave them out."
        )


def _entry(name: str, scanned: tuple[PhotoTable, Scan], further: _Further, labels: str) -> dict[str, Any]:
    return {
        "path": name,
        "fingerprint": data_fingerprint(*scanned),
        "n_photos": len(further.table),
        "labels": labels,
    }
