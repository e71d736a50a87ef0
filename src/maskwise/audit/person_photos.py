"""Photos grouped by person, for checks of what is constant over a person."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from maskwise.audit.findings import Change, Finding
from maskwise.audit.out_of_fold import Floats, Ints
from maskwise.data.table import PhotoTable
from maskwise.tasks.label_space import Attribute

PHOTOS_SHOWN = 2
"""Photos of a person to show: the last ones, of which one is without a mask in the competition's layout."""


@dataclass(frozen=True)
class PersonPhotos:
    """The persons (P) of a table, and the person of each photo (N)."""

    table: PhotoTable
    names: npt.NDArray[np.str_]  # (P,)
    index: Ints  # (N,)
    counts: Ints  # (P,)
    rows: list[Ints]  # of each person

    @classmethod
    def of(cls, table: PhotoTable) -> Self:
        """Group a table's photos by person."""
        names, index, counts = np.unique(table.persons, return_inverse=True, return_counts=True)
        rows = np.split(np.argsort(index, kind="stable"), np.cumsum(counts)[:-1])
        return cls(table, names, index, counts, rows)

    def numbers(self, attribute: Attribute) -> Floats:
        """The numbers (N,) of a numeric attribute; NaN where unknown, and for other attributes."""
        if not attribute.is_numeric:
            return np.full(len(self.table), np.nan)
        return self.table.frame[attribute.name].cast(float).fill_null(float("nan")).to_numpy()

    def mean(self, values: Floats) -> Floats:
        """The mean (P,) over each person's photos of values (N,)."""
        return np.bincount(self.index, weights=values, minlength=len(self.names)) / self.counts

    def unanimous(self, values: Floats) -> Floats:
        """The value (P,) that all photos of a person agree on, ignoring NaN in values (N,).

        NaN where they differ, or where none has one.
        """
        known = ~np.isnan(values)
        filled = np.where(known, values, -np.inf)
        top = np.full(len(self.names), -np.inf)
        np.maximum.at(top, self.index, filled)
        same = np.isfinite(top)
        np.logical_and.at(same, self.index, (filled == top[self.index]) | ~known)
        return np.where(same, top, np.nan)

    def finding(
        self,
        person: int,
        *,
        kind: str,
        reason: str,
        score: float,
        probability: float,
        changes: tuple[Change, ...],
    ) -> Finding:
        """A finding about a person, with all of the person's photos."""
        rows = self.rows[person].tolist()
        return Finding(
            kind=kind,
            person=str(self.names[person]),
            id=str(self.table.frame["id"][rows[0]] or ""),
            photos=tuple(self.table.photo(row) for row in rows),
            reason=reason,
            score=score,
            probability=probability,
            changes=changes,
        )


def person_or_photo_index(table: PhotoTable) -> Ints:
    """The person of each photo (N,), from 0 on; each photo is its own person where not all persons are known."""
    known = not table.frame["person"].null_count()
    return np.unique(table.persons if known else table.photos, return_inverse=True)[1]


def photos_by_person(table: PhotoTable, index: Ints) -> dict[int, list[str]]:
    """The photos of each person.

    Args:
        table: the photos (N).
        index: number of the person of each (N,).
    """
    photos: dict[int, list[str]] = {}
    for row, person in enumerate(index.tolist()):
        photos.setdefault(person, []).append(table.photo(row))
    return photos
