"""One picture where there should be several: under two persons, twice in one, on both sides, in other data."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.audit.findings import Change, Finding
from maskwise.audit.lookalikes import MOST_PHOTOS, Features, Progress, same_pictures, same_pictures_across
from maskwise.audit.structure import about
from maskwise.data.corrections import EXCLUDE
from maskwise.data.duplicates import (
    DuplicatePair,
    chain_copies,
    copies_of,
    cross_person_duplicates,
    join_groups,
)
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
    progress: Callable[[str], Progress | None] = lambda stage: None,
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
        rows = np.flatnonzero(shared_by <= MOST_SHARING)
        owners = np.unique(persons, return_inverse=True)[1][rows]
        pairs += [
            DuplicatePair(int(rows[a]), int(rows[b]), identical=False)
            for a, b in same_pictures(
                table.keep(shared_by <= MOST_SHARING),
                features[rows],
                owners,
                progress("laying photos over each other"),
            )
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


def across_persons(
    table: PhotoTable, pairs: Sequence[DuplicatePair], features: npt.NDArray[np.float32] | None
) -> Iterator[Finding]:
    """A finding for each photo that shows what another person's does; it proposes to leave the copy out.

    Pictures that the same persons share belong to the one of them whose other photos they look most like. Where that
    can't be told, because there are no features or no other photos, they belong to the first.

    Args:
        table: the photos that can be used (N).
        pairs: see `find_duplicates`.
        features: of the photos (N, F).
    """
    persons, sides = table.persons, table.frame["split"].to_list()
    direct = {place for pair in pairs for place in ((pair.first, pair.second), (pair.second, pair.first))}
    rows = sorted({row for row, _ in direct})
    each = np.arange(len(table)).astype(np.str_)
    names, files = join_groups(each, pairs), join_groups(each, [pair for pair in pairs if pair.identical])
    # Masks drawn on one picture tie several photos of a person together: those are no copies of each other.
    pictures: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        pictures.setdefault(str(names[row]), {}).setdefault(str(persons[row]), []).append(row)
    owners = _owners(pictures.values(), {} if features is None else _likeness(features, persons, rows))
    for sharing in pictures.values():
        owner, is_told = owners[frozenset(sharing)]
        which = "" if is_told else "; which of them is in its place can't be told"
        likely = 1.0 if is_told else 1 - 1 / len(sharing)  # that it is the copy, and not what is copied
        for row in sorted(row for person, photos in sharing.items() if person != owner for row in photos):
            original = next((other for other in sharing[owner] if (row, other) in direct), sharing[owner][0])
            identical = files[row] == files[original]
            split = ""
            if sides[row] and sides[original] and sides[row] != sides[original]:
                split = ", on the other side of the split"
            yield Finding(
                "identical photo" if identical else "near-identical photo",
                *about(table, row),
                (table.photo(row), table.photo(original)),
                f"{_named(table, row)} shows what {_named(table, original)} does{split}{which}",
                1.0,
                likely if identical else 0.9 * likely,
                (Change(table.photo(row), EXCLUDE, "", ""),),
            )


def _owners(
    pictures: Iterable[dict[str, list[int]]], likeness: dict[int, float]
) -> dict[frozenset[str], tuple[str, bool]]:
    """To whom the pictures belong that some persons share, and whether that can be told.

    One answer for all pictures of the same persons: of a person filed twice one folder is left as it is.

    Args:
        pictures: the rows that show each, by person.
        likeness: see `_likeness`.
    """
    told: dict[frozenset[str], dict[str, list[float]]] = {}
    for picture in pictures:
        of_these = told.setdefault(frozenset(picture), {})
        for person, photos in picture.items():
            of_these.setdefault(person, []).extend(likeness.get(row, -np.inf) for row in photos)
    means = {
        persons: {person: float(np.mean(looks)) for person, looks in of_these.items()}
        for persons, of_these in told.items()
    }
    owners = {}
    for persons, by_person in means.items():
        is_told = bool(np.isfinite(list(by_person.values())).all())
        owners[persons] = (max(by_person, key=by_person.__getitem__) if is_told else min(persons), is_told)
    return owners


def _likeness(
    features: npt.NDArray[np.float32], persons: npt.NDArray[np.str_], rows: Sequence[int]
) -> dict[int, float]:
    """How much each of some photos is like the other photos of its person; nothing for those where there are none.

    The mean cosine of features from which the mean of all is taken away; none of `rows` counts as another photo.
    """
    others: dict[str, list[int]] = {}
    of_these = np.flatnonzero(np.isin(persons, persons[list(rows)]))
    for row in np.setdiff1d(of_these, rows).tolist():
        others.setdefault(str(persons[row]), []).append(row)
    mean = features.mean(axis=0)

    def looks(which: list[int]) -> npt.NDArray[np.float32]:
        seen = features[which] - mean
        return np.asarray(seen / (np.linalg.norm(seen, axis=1, keepdims=True) + 1e-12), dtype=np.float32)

    mine = {row: others[person] for row in rows if (person := str(persons[row])) in others}
    return {row: float((looks(photos) @ looks([row])[0]).mean()) for row, photos in mine.items()}


def _named(table: PhotoTable, row: int) -> str:
    person = table.frame["person"][row]
    return f"{table.photo(row)} of {person}" if person else table.photo(row)


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
    progress: Callable[[str], Progress | None] = lambda stage: None,
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
