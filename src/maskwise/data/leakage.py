"""Every guard against leaks: no person and no (near-)duplicate may be on both the training and the held-out side.

All functions judge what callers give them; none reads a run, a recipe or a photo.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.near_duplicates import DuplicatePair, copies_of
from maskwise.errors import LeakError

FINGERPRINTS = ("digest", "phash", "thumb")
"""The columns of a scan that duplicates are found by."""


@dataclass(frozen=True)
class Side:
    """The N photos of one side, as the guards compare them.

    Attributes:
        photos: names, for messages.
        persons: the person of each photo; None where unknown.
        fingerprints: columns `digest`, `phash` and `thumb` of a scan; null where a photo has none.
    """

    photos: Sequence[str]
    persons: Sequence[str | None]
    fingerprints: pl.DataFrame

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> "Side":
        """A side from a frame with `photo`, `person`, `digest`, `phash` and `thumb`, as a run's split has them.

        Raises:
            polars.exceptions.ColumnNotFoundError: when a column is missing.
        """
        return cls(frame["photo"].to_list(), frame["person"].to_list(), frame.select(FINGERPRINTS))

    def __len__(self) -> int:
        return len(self.photos)


def check_split(
    held_out: npt.NDArray[np.bool_],
    persons: npt.NDArray[np.str_],
    photos: Sequence[str],
    pairs: Sequence[DuplicatePair],
) -> None:
    """Check that no person and no duplicate is on both sides of a split.

    Args:
        held_out: which photos (N,) are held out.
        persons: the person of each photo (N,).
        photos: names (N,), for messages.
        pairs: identical and near-identical photos of different persons, see `cross_person_duplicates`.

    Raises:
        LeakError: naming the persons or photos.
    """
    both = sorted(set(persons[held_out].tolist()) & set(persons[~held_out].tolist()))
    if both:
        raise LeakError(
            f"Expected each person on one side of the split, got {len(both)} on both: {_few(both)}. "
            "Correct the split column, or set split.by=person."
        )
    crossing = [pair for pair in pairs if held_out[pair.first] != held_out[pair.second]]
    if crossing:
        names = [f"{photos[p.first]} = {photos[p.second]}" for p in crossing]
        raise LeakError(
            f"Expected no photo on both sides of the split, got {len(crossing)} identical or near-identical "
            f"pairs: {_few(names)}. Remove them, or set split.near_duplicates=join to keep such persons together."
        )


def find_trained_on(photos: Side, trained: Side) -> npt.NDArray[np.bool_]:
    """Which photos (N,) a model knows: trained on them, on near-duplicates, or on other photos of the person."""
    persons = set(trained.persons) - {None}
    known = np.array([person in persons for person in photos.persons], dtype=bool)
    return known | find_copies(photos, trained)


def find_copies(photos: Side, others: Side) -> npt.NDArray[np.bool_]:
    """Which photos (N,) are identical or nearly so to one of the others."""
    digests = set(others.fingerprints["digest"].to_list()) - {None}
    copies = np.array([digest in digests for digest in photos.fingerprints["digest"]], dtype=bool)
    copies[[pair.first for pair in copies_of(photos.fingerprints, others.fingerprints)]] = True
    return copies


def find_shared_persons(persons: Sequence[str | None], others: Sequence[str | None]) -> list[str]:
    """The names that both have, sorted; unknown persons (None) share nothing."""
    return sorted(
        {name for name in persons if name is not None} & {name for name in others if name is not None}
    )


def check_parent(parent: str, held_out: Side, trained: Side) -> None:
    """Check that a run that another one learns from knows none of the held-out persons or photos.

    Args:
        parent: what it is and where, such as `teacher runs/a`.
        held_out: the photos that the learning run is scored on.
        trained: the photos that the parent was trained on.

    Raises:
        LeakError: naming the parent and how many held-out photos it knows.
    """
    if known := int(find_trained_on(held_out, trained).sum()):
        raise LeakError(
            f"Expected the {parent} to know none of the held-out persons, but it was trained on {known} of their "
            "photos or on near-duplicates: train it with the same split, or on other data."
        )


def check_additional_photos(name: str, additional: Side, held_out: Side) -> None:
    """Check that data added to the training side have no copy of a held-out photo.

    Args:
        name: of the additional data, for messages.
        additional: their photos.
        held_out: the photos that are scored.

    Raises:
        LeakError: naming the data and one such pair of photos.
    """
    pairs = copies_of(additional.fingerprints, held_out.fingerprints)
    if pairs:
        copy, original = additional.photos[pairs[0].first], held_out.photos[pairs[0].second]
        raise LeakError(
            f"Expected {name} to show none of the held-out persons, got {len(pairs)} photos that are copies of "
            f"held-out ones or nearly so, such as {original} and {copy}: leave them out."
        )


def _few(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
