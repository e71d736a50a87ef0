"""Who is held out of training, as the recipe says, with nobody on both sides."""

import numpy as np
import numpy.typing as npt

from maskwise.data.leakage import check_split
from maskwise.data.near_duplicates import DuplicatePair, cross_person_duplicates, join_groups
from maskwise.data.split import assign_folds, hold_out, hold_out_photos, person_strata
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.recipes.data_parts import SplitPart
from maskwise.reporter import Reporter
from maskwise.runs.split_file import HELD_OUT
from maskwise.training.training_data import Mask, ScannedPhotos, Split


def split_photos(photos: ScannedPhotos, part: SplitPart, reporter: Reporter) -> Split:
    """Split photos by person, by photo or as the table says.

    Args:
        photos: the photos.
        part: how to split.
        reporter: receives a message for each thing that is found.

    Raises:
        InputError: when the table lacks persons or a split, or has too few persons.
        LeakError: when a person or a duplicate would stand on both sides.
    """
    table = photos.table
    if part.by == "photo":
        reporter.message("Split by photo, as asked: persons stand on both sides, the score is inflated.")
        held_out = hold_out_photos(table.photos, share=part.held_out, seed=part.seed)
        return Split(held_out=held_out, groups=np.asarray(table.photos, dtype=np.str_))
    if part.by == "person" and table.frame["split"].null_count() < len(table):
        reporter.message("The split column is not used, as split.by is person; split.by: table uses it.")
    persons = table.persons
    if table.frame["person"].null_count() and part.by == "person":
        raise InputError(
            "Expected a person for every photo to split by person, got photos without one: fill the person "
            "column, or bring a split column and set split.by=table."
        )
    pairs = cross_person_duplicates(photos.scan, persons)
    groups, joined = persons, tuple[str, ...]()
    if pairs and part.near_duplicates == "join":
        groups, joined = _join(persons, pairs, reporter)
    held_out = _held_out(table, groups, part)
    check_split(held_out, persons, table.photos, pairs)
    return Split(held_out=held_out, groups=groups, joined=joined)


def _join(
    persons: npt.NDArray[np.str_], pairs: list[DuplicatePair], reporter: Reporter
) -> tuple[npt.NDArray[np.str_], tuple[str, ...]]:
    """Groups (N,) of persons that share near-identical photos, and those persons."""
    groups = join_groups(persons, pairs)
    moved = groups != persons
    joined = sorted(set(persons[moved].tolist()) | set(groups[moved].tolist()))
    reporter.message(
        f"{len(joined)} persons share identical or near-identical photos and are kept on one side: "
        f"{', '.join(joined[:6])}{', ...' if len(joined) > 6 else ''}."
    )
    return groups, tuple(joined)


def _held_out(table: PhotoTable, groups: npt.NDArray[np.str_], part: SplitPart) -> Mask:
    if part.by == "table":
        sides = table.frame["split"]
        if sides.null_count() or sides.n_unique() != 2:
            raise InputError(
                "Expected the split column to say train or held-out for every photo, and both to occur, "
                f"got {sides.null_count()} empty rows and the values {sorted(sides.drop_nulls().unique())}."
            )
        held_out: Mask = (sides == HELD_OUT).to_numpy()
        return held_out
    if part.nobody:
        return np.zeros(len(table), dtype=bool)
    strata = person_strata(table)
    if part.fold is not None and part.folds is not None:
        folds = assign_folds(groups, strata, n_folds=part.folds, seed=part.seed)
        return np.equal(folds, part.fold)
    return hold_out(groups, strata, share=part.held_out, seed=part.seed)


def unused_photos(table: PhotoTable, split: Split, part: SplitPart) -> Mask:
    """Training photos (N,) of persons that the recipe leaves out to learn from fewer; the held-out stay the same."""
    unused = np.zeros(len(table), dtype=bool)
    if part.train_share < 1:
        train = np.flatnonzero(~split.held_out)
        strata = person_strata(table)[train]
        unused[train] = hold_out(split.groups[train], strata, share=1 - part.train_share, seed=part.seed)
    return unused
