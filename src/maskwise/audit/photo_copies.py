"""Photos that show one picture: exact, near-identical, cropped and mirrored copies, and how many persons share them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.audit.transformed_copies import (
    MOST_PHOTOS,
    Features,
    find_transformed_copies,
    find_transformed_copies_across,
)
from maskwise.data.near_duplicates import (
    DuplicatePair,
    copies_of,
    cross_person_duplicates,
    join_groups,
    link_exact_copies,
)
from maskwise.data.table import PhotoTable
from maskwise.reporter import Progress

MOST_SHARING = 10
"""A picture that more persons share is a placeholder, and no evidence that they are one person."""


@dataclass(frozen=True)
class PhotoCopies:
    """Copies between persons of a table's photos (N)."""

    pairs: list[DuplicatePair]  # photos of different persons that show one picture, without placeholders
    n_sharing: npt.NDArray[np.int64]  # how many persons share the picture of each photo (N,)
    groups: npt.NDArray[np.str_]  # persons (N,), joined where they share pictures: must stay in one fold


def find_photo_copies(
    table: PhotoTable,
    frame: pl.DataFrame,
    features: Features | None,
    progress: Progress | None = None,
) -> PhotoCopies:
    """Find photos of different persons that show one picture.

    Args:
        table: the usable photos (N).
        frame: a scan's rows of them (N).
        features: of them (N, F), to find cropped and mirrored copies too; None looks for none.
        progress: called with candidate pairs compared and pairs in total.
    """
    persons = table.persons
    pairs, same_looks = cross_person_duplicates(frame, persons), _same_looks(frame)
    n_sharing = _count_sharing([*pairs, *same_looks], persons)
    if features is not None and len(table) <= MOST_PHOTOS:
        # Placeholders are most similar to one another and would fill the candidates of every other photo.
        own = n_sharing <= MOST_SHARING
        rows, owners = np.flatnonzero(own), np.unique(persons[own], return_inverse=True)[1]
        found = find_transformed_copies(table.keep(own), features[own], owners, progress)
        pairs += [DuplicatePair(int(rows[a]), int(rows[b]), identical=False) for a, b in found]
        n_sharing = _count_sharing([*pairs, *same_looks], persons)
    pairs = [pair for pair in pairs if n_sharing[pair.first] <= MOST_SHARING]
    return PhotoCopies(pairs, n_sharing, join_groups(persons, pairs))


def find_copies_across(
    table: PhotoTable,
    frame: pl.DataFrame,
    features: Features | None,
    other: PhotoTable,
    other_frame: pl.DataFrame,
    other_features: Features | None,
    progress: Progress | None = None,
) -> list[DuplicatePair]:
    """For each photo that other data contain too, the row and the first such row of the other data, by row.

    Args:
        table: the usable photos (N).
        frame: a scan's rows of them (N).
        features: of them (N, F), to find cropped and mirrored copies too; None looks for none.
        other: the usable other photos (M).
        other_frame: a scan's rows of them (M).
        other_features: of them (M, F).
        progress: called with candidate pairs compared and pairs in total.
    """
    pairs = copies_of(frame, other_frame)
    if features is not None and other_features is not None and max(len(table), len(other)) <= MOST_PHOTOS:
        known = {pair.first for pair in pairs}
        for first, second in find_transformed_copies_across(table, features, other, other_features, progress):
            if first not in known:
                known.add(first)
                pairs.append(DuplicatePair(first, second, identical=False))
    return sorted(pairs, key=lambda pair: pair.first)


def why_not_aligned(table: PhotoTable, where: str) -> str:
    """Why no cropped and mirrored copies can be looked for; empty where they can."""
    if len(table) <= MOST_PHOTOS:
        return ""
    return f"{where} has {len(table):,} photos, and at most {MOST_PHOTOS:,} can be compared with each other"


def _count_sharing(pairs: Sequence[DuplicatePair], persons: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """How many persons share the picture of each photo (N,); linked pairs show one picture."""
    rows = np.arange(len(persons)).astype(np.str_)
    _, picture = np.unique(join_groups(rows, pairs), return_inverse=True)
    distinct = np.unique(np.stack([picture, np.unique(persons, return_inverse=True)[1]]), axis=1)
    return np.asarray(np.bincount(distinct[0], minlength=int(picture.max(initial=0)) + 1)[picture])


def _same_looks(frame: pl.DataFrame) -> list[DuplicatePair]:
    """Rows with the same file or the same hash and thumbnail, within persons too.

    A placeholder may be twice in a person's folder, and links through both of its copies.
    """
    rows = np.arange(frame.height)  # each row its own owner
    looks = list(zip(frame["phash"], frame["thumb"], strict=True))
    files, _ = link_exact_copies(rows, frame["digest"].to_list(), rows, identical=True)
    return files + link_exact_copies(rows, looks, rows, identical=False)[0]
