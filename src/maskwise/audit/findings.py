"""Findings: what an audit reports, the corrections that it proposes, and their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwise.data.corrections import EXCLUDE
from maskwise.data.table import PhotoTable


@dataclass(frozen=True)
class Change:
    """One row of a correction that a finding proposes."""

    photo: str  # empty: all photos of the person
    field: str
    old: str
    new: str

    @classmethod
    def exclusion(cls, photo: str = "") -> "Change":
        """Leave out one photo, or all photos of the person."""
        return cls(photo, EXCLUDE, "", "")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that looks wrong, and the changes that would correct it."""

    kind: str
    person: str = ""  # empty where unknown
    id: str = ""  # empty where unknown
    photos: tuple[str, ...] = ()
    reason: str
    score: float  # the higher the worse, comparable within a kind
    probability: float | None = None  # that the finding is right; None where it is not estimated
    changes: tuple[Change, ...] = ()
    elsewhere: tuple[Path, ...] = ()  # photos of other data to compare with


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """Something that could not be checked, and why; reported in the audit's notes."""

    reason: str
    what: str


def person_and_id(table: PhotoTable, row: int) -> tuple[str, str]:
    """Person and id of a photo, empty where unknown."""
    person, known_id = table.frame["person"][row], table.frame["id"][row]
    return str(person or ""), str(known_id or "")


def finding_about_photo(
    table: PhotoTable,
    row: int,
    *,
    kind: str,
    reason: str,
    score: float,
    probability: float | None = None,
    photos: tuple[str, ...] | None = None,
    changes: tuple[Change, ...] = (),
    elsewhere: tuple[Path, ...] = (),
) -> Finding:
    """A finding about one photo of a table, with the photo's person and id.

    Args:
        table: the photos.
        row: which of them.
        kind: see `Finding`, as for the arguments below.
        reason: one sentence for the user.
        score: the higher the worse.
        probability: that the finding is right.
        photos: photos to show; by default the photo alone.
        changes: the proposed correction.
        elsewhere: photos of other data to compare with.
    """
    person, known_id = person_and_id(table, row)
    return Finding(
        kind=kind,
        person=person,
        id=known_id,
        photos=(table.photo(row),) if photos is None else photos,
        reason=reason,
        score=score,
        probability=probability,
        changes=changes,
        elsewhere=elsewhere,
    )


def format_number(number: float) -> str:
    """A number with all its digits, and without a trailing `.0`."""
    return repr(float(number)).removesuffix(".0")


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Sort by falling probability, findings without one last; equal ones by falling score."""
    return sorted(
        findings, key=lambda f: (1.0 if f.probability is None else -f.probability, -f.score, f.person)
    )
