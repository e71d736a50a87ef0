"""One person under two names, here or in other data: proposals to look at, with the share that chance makes."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from maskwise.audit.findings import Change, Finding
from maskwise.audit.same_person import FEWEST_PERSONS, MOST_PERSONS, known_persons, same_persons
from maskwise.audit.structure import about
from maskwise.data.corrections import EXCLUDE, PERSON
from maskwise.data.table import PhotoTable

Features = npt.NDArray[np.float32]

MOST_ERROR = 0.5
"""Pairs of persons are listed down to where half of the list would be chance."""

_SHOWN = 2
"""Photos of each: the last ones, which show most of the face in the competition's layout."""


def why_not_compared(table: PhotoTable) -> str:
    """Why persons can't be compared with one another; nothing where they can."""
    n_persons = len(np.unique(table.persons))
    if FEWEST_PERSONS <= n_persons <= MOST_PERSONS:
        return ""
    return (
        f"one person under two names is looked for among {FEWEST_PERSONS} to {MOST_PERSONS:,} persons, and there are "
        f"{n_persons:,}: it was not"
    )


def two_names(table: PhotoTable, features: Features) -> Iterator[Finding]:
    """Persons who may be one.

    Args:
        table: the photos (N), as many persons as can be compared.
        features: of them (N, F).
    """
    names, first_row, index = np.unique(table.persons, return_index=True, return_inverse=True)
    photos = _photos_of(table, index)
    for pair in same_persons(features, index):
        if pair.error > MOST_ERROR:
            return
        reason = (
            f"looks like {names[pair.second]} (similarity {pair.similarity:.2f}); of the pairs at least as alike about "
            f"{pair.error:.0%} are chance"
        )
        yield Finding(
            "may be one person",
            *about(table, int(first_row[pair.first])),
            (*photos[pair.first][-_SHOWN:], *photos[pair.second][-_SHOWN:]),
            reason,
            pair.similarity,
            pair.probability,
            (Change("", PERSON, str(names[pair.first]), str(names[pair.second])),),
        )


def known_elsewhere(
    table: PhotoTable, features: Features, other: PhotoTable, other_features: Features, name: str
) -> Iterator[Finding]:
    """Persons whom other data, such as an evaluation set, may have too; each is told once, where it is likeliest.

    Args:
        table: the photos (N), as many persons as can be compared.
        features: of them (N, F).
        other: the other photos (M); each is one person's of its own where persons are not known.
        other_features: of them (M, F).
        name: of the other data.
    """
    _, first_row, index = np.unique(table.persons, return_index=True, return_inverse=True)
    known = not other.frame["person"].null_count()
    others = np.unique(other.persons if known else other.photos, return_inverse=True)[1]
    mine, theirs = _photos_of(table, index), _photos_of(other, others)
    told = set[int]()
    for pair in known_persons(features, index, other_features, others):
        if pair.error > MOST_ERROR:
            return
        if pair.first in told:
            continue
        told.add(pair.first)
        there = theirs[pair.second][-_SHOWN:]
        reason = (
            f"looks like {there[-1]} of {name} (similarity {pair.similarity:.2f}); of those at least as alike about "
            f"{pair.error:.0%} are chance"
        )
        yield Finding(
            "may be a person of other data",
            *about(table, int(first_row[pair.first])),
            tuple(mine[pair.first][-_SHOWN:]),
            reason,
            pair.similarity,
            pair.probability,
            (Change("", EXCLUDE, "", ""),),
            tuple(other.root / photo for photo in there),
        )


def _photos_of(table: PhotoTable, index: npt.NDArray[np.int64]) -> dict[int, list[str]]:
    photos: dict[int, list[str]] = {}
    for row, person in enumerate(index.tolist()):
        photos.setdefault(person, []).append(table.photo(row))
    return photos
