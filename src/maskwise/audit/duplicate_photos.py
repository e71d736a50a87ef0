"""One picture where there should be several: under two persons, twice in one, on both sides, in other data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.audit.file_checks import about
from maskwise.audit.findings import Change, Finding
from maskwise.audit.transformed_copies import MOST_PHOTOS, Features, same_pictures, same_pictures_across
from maskwise.data.corrections import EXCLUDE
from maskwise.data.near_duplicates import (
    DuplicatePair,
    chain_copies,
    copies_of,
    cross_person_duplicates,
    join_groups,
)
from maskwise.data.scan import ProgressOf
from maskwise.data.table import PhotoTable

MOST_SHARING = 10
"""A picture that more persons share is a placeholder, and tells nothing about who is who."""


@dataclass(frozen=True)
class Duplicates:
    """What was found, and for each photo (N,) who must not be told apart when models are trained and asked."""

    findings: list[Finding]
    pairs: list[DuplicatePair]  # of different persons: `across_persons` says which of the two is the copy
    groups: npt.NDArray[np.str_]


def find_duplicates(
    table: PhotoTable,
    frame: pl.DataFrame,
    features: Features | None,
    progress: ProgressOf = lambda stage: None,
) -> Duplicates:
    """Pairs of photos of different persons that are one, identical files of one, persons on both sides.

    Args:
        table: the photos that can be used (N).
        frame: a scan's rows of them (N).
        features: of them (N, F), to find copies that are cut out or mirrored; None looks for none.
        progress: makes the bar of a named stage.
    """
    persons = table.persons
    pairs, copies = cross_person_duplicates(frame, persons), _copies(frame)
    shared_by = _sharing([*pairs, *copies], persons)
    if features is not None and len(table) <= MOST_PHOTOS:
        # Placeholders are most similar to one another, and would hide every other photo from each other.
        own = shared_by <= MOST_SHARING
        rows, owners = np.flatnonzero(own), np.unique(persons[own], return_inverse=True)[1]
        bar = progress("laying photos over each other")
        pairs += [
            DuplicatePair(int(rows[a]), int(rows[b]), identical=False)
            for a, b in same_pictures(table.keep(own), features[own], owners, bar)
        ]
        shared_by = _sharing([*pairs, *copies], persons)
    few = [pair for pair in pairs if shared_by[pair.first] <= MOST_SHARING]
    found = [
        *_placeholders(table, shared_by),
        *_inside_persons(table, frame),
        *_both_sides(table),
    ]
    return Duplicates(found, few, join_groups(persons, few))


def _sharing(pairs: Sequence[DuplicatePair], persons: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """How many persons share the picture that a photo (N,) shows: pairs chained together show one."""
    rows = np.arange(len(persons)).astype(np.str_)
    picture = join_groups(rows, pairs)
    _, index = np.unique(picture, return_inverse=True)
    distinct = np.unique(np.stack([index, np.unique(persons, return_inverse=True)[1]]), axis=1)
    return np.asarray(np.bincount(distinct[0], minlength=int(index.max(initial=0)) + 1)[index])


def _copies(frame: pl.DataFrame) -> list[DuplicatePair]:
    """Rows with the file or the look of another, whoever's: a placeholder may lie twice in a person's folder."""
    rows = np.arange(frame.height)  # each its own owner
    looks = list(zip(frame["phash"], frame["thumb"], strict=True))
    files, _ = chain_copies(rows, frame["digest"].to_list(), rows, identical=True)
    return files + chain_copies(rows, looks, rows, identical=False)[0]


def _placeholders(table: PhotoTable, shared_by: npt.NDArray[np.int64]) -> Iterator[Finding]:
    for row in np.flatnonzero(shared_by > MOST_SHARING).tolist():
        photo = table.photo(row)
        reason = f"{shared_by[row]:,} persons have this picture: it shows none of them"
        yield Finding(
            "picture of many persons",
            *about(table, row),
            (photo,),
            reason,
            1.0,
            1.0,
            (Change(photo, EXCLUDE, "", ""),),
        )


def _inside_persons(table: PhotoTable, frame: pl.DataFrame) -> Iterator[Finding]:
    """The same file twice: photos of a person are alike by nature, identical files are not."""
    if table.frame["person"].null_count():
        return
    seen: dict[tuple[str, str], int] = {}
    for row, key in enumerate(zip(table.persons.tolist(), frame["digest"], strict=True)):
        before = seen.setdefault(key, row)
        if before != row:
            photos = (table.photo(row), table.photo(before))
            reason = f"the same file as {table.photo(before)}"
            change = Change(table.photo(row), EXCLUDE, "", "")
            yield Finding("the same file twice", *about(table, row), photos, reason, 1.0, 1.0, (change,))


def _both_sides(table: PhotoTable) -> Iterator[Finding]:
    """Persons whom the table's own split puts on both sides."""
    sides = table.frame.filter(pl.col("split").is_not_null() & pl.col("person").is_not_null())
    mixed = (
        sides.group_by("person", maintain_order=True)
        .agg(pl.col("split").n_unique().alias("n"), pl.col("id").first(), pl.col("photo"))
        .filter(pl.col("n") > 1)
    )
    for person, _, known_id, photos in mixed.iter_rows():
        reason = "the split column has the person's photos on both sides: a score would be inflated"
        yield Finding("person on both sides", person, str(known_id or ""), tuple(photos), reason, 1.0, 1.0)


def duplicates_across(
    table: PhotoTable,
    frame: pl.DataFrame,
    features: Features | None,
    theirs: PhotoTable,
    their_frame: pl.DataFrame,
    their_features: Features | None,
    name: str,
    progress: ProgressOf = lambda stage: None,
) -> Iterator[Finding]:
    """Photos that other data, such as an evaluation set, have too.

    Args:
        table: the photos that can be used (N).
        frame: a scan's rows of them (N).
        features: of them (N, F), to find copies that are cut out or mirrored; None looks for none.
        theirs: the other photos that can be used (M).
        their_frame: a scan's rows of them (M).
        their_features: of them (M, F).
        name: of the other data.
        progress: makes the bar of a named stage.
    """
    pairs = copies_of(frame, their_frame)
    if features is not None and their_features is not None and max(len(table), len(theirs)) <= MOST_PHOTOS:
        told = {pair.first for pair in pairs}
        bar = progress(f"laying photos over those of {name}")
        for first, second in same_pictures_across(table, features, theirs, their_features, bar):
            if first not in told:
                told.add(first)
                pairs.append(DuplicatePair(first, second, identical=False))
    for pair in sorted(pairs, key=lambda pair: pair.first):
        photo = table.photo(pair.first)
        like = "is" if pair.identical else "nearly is"
        yield Finding(
            "photo of other data",
            *about(table, pair.first),
            (photo,),
            f"{like} {theirs.photo(pair.second)} of {name}",
            1.0,
            1.0 if pair.identical else 0.9,
            (Change(photo, EXCLUDE, "", ""),),
            (theirs.root / theirs.photo(pair.second),),
        )
