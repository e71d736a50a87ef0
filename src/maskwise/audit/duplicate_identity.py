"""One person under two names, here or in other data: proposals to look at, with the share that chance makes."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from maskwise.audit.file_checks import about
from maskwise.audit.findings import Change, Finding
from maskwise.audit.reidentification import (
    FEWEST_PERSONS,
    MOST_PERSONS,
    SamePerson,
    known_persons,
    same_persons,
)
from maskwise.audit.transformed_copies import Features
from maskwise.data.corrections import EXCLUDE, PERSON
from maskwise.data.table import PhotoTable

MOST_ERROR = 0.5
"""Pairs of persons are listed down to where half of the list would be chance."""

LIKELY = 0.5
"""Two who are likelier one person than not are one when they are looked for in other data."""

_SHOWN = 2
"""Photos of each: the last ones, of which one is without a mask in the competition's layout."""


def why_not_compared(n_persons: int, where: str) -> str:
    """Why so many persons can't be compared with others; nothing where they can."""
    if FEWEST_PERSONS <= n_persons <= MOST_PERSONS:
        return ""
    return (
        f"one person under two names is looked for among {FEWEST_PERSONS} to {MOST_PERSONS:,} persons, and {where} has "
        f"{n_persons:,}: it was not"
    )


def pairs_of_names(table: PhotoTable, features: Features) -> list[SamePerson]:
    """Persons who may be one, numbered in the order of their names, the likeliest first.

    Args:
        table: the photos (N), as many persons as can be compared.
        features: of them (N, F).
    """
    index = np.unique(table.persons, return_inverse=True)[1]
    return [pair for pair in same_persons(features, index) if pair.error <= MOST_ERROR]


def two_names(table: PhotoTable, pairs: Sequence[SamePerson]) -> Iterator[Finding]:
    """A finding for each pair of names that may be one person's: it proposes to call the first by the second.

    Args:
        table: the photos (N).
        pairs: see `pairs_of_names`.
    """
    names, first_row, index = np.unique(table.persons, return_index=True, return_inverse=True)
    photos = _photos_of(table, index)
    for pair in pairs:
        reason = (
            f"looks like {names[pair.second]} (similarity {pair.similarity:.2f}); of the pairs that stand out so much "
            f"about {pair.error:.0%} are chance"
        )
        yield Finding(
            "may be one person",
            *about(table, int(first_row[pair.first])),
            (*photos[pair.first][-_SHOWN:], *photos[pair.second][-_SHOWN:]),
            reason,
            pair.margin,
            pair.probability,
            (Change("", PERSON, str(names[pair.first]), str(names[pair.second])),),
        )


def known_elsewhere(
    table: PhotoTable,
    features: Features,
    pairs: Sequence[SamePerson],
    other: PhotoTable,
    other_features: Features,
    name: str,
) -> Iterator[Finding]:
    """Persons whom other data, such as an evaluation set, may have too; each is told once, where it is likeliest.

    Args:
        table: the photos (N), as many persons as can be compared.
        features: of them (N, F).
        pairs: see `pairs_of_names`. Likely ones are one person: two alike would hide each other, and both are told.
        other: the other photos (M), see `n_others`.
        other_features: of them (M, F).
        name: of the other data.
    """
    _, first_row, index = np.unique(table.persons, return_index=True, return_inverse=True)
    others = _others(other)
    mine, theirs = _photos_of(table, index), _photos_of(other, others)
    one = np.arange(len(first_row))
    for pair in pairs:
        if pair.probability >= LIKELY:
            one[pair.second] = pair.first
    persons, of_name = np.unique(one, return_inverse=True)
    told = set[int]()
    for pair in known_persons(features, of_name[index], other_features, others):
        if pair.error > MOST_ERROR:
            return
        if pair.first in told:
            continue
        told.add(pair.first)
        there = theirs[pair.second][-_SHOWN:]
        reason = (
            f"looks like {there[-1]} of {name} (similarity {pair.similarity:.2f}); of those that stand out so much "
            f"about {pair.error:.0%} are chance"
        )
        for number in np.flatnonzero(one == persons[pair.first]).tolist():
            yield Finding(
                "may be a person of other data",
                *about(table, int(first_row[number])),
                tuple(mine[number][-_SHOWN:]),
                reason,
                pair.margin,
                pair.probability,
                (Change("", EXCLUDE, "", ""),),
                tuple(other.root / photo for photo in there),
            )


def n_others(other: PhotoTable) -> int:
    """How many persons other data are taken to have: every photo is one's of its own where they are not known."""
    return len(np.unique(_others(other)))


def _others(other: PhotoTable) -> npt.NDArray[np.int64]:
    known = not other.frame["person"].null_count()
    return np.unique(other.persons if known else other.photos, return_inverse=True)[1]


def _photos_of(table: PhotoTable, index: npt.NDArray[np.int64]) -> dict[int, list[str]]:
    photos: dict[int, list[str]] = {}
    for row, person in enumerate(index.tolist()):
        photos.setdefault(person, []).append(table.photo(row))
    return photos
