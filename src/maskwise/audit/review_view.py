"""What a review shows of findings, as plain data for a page."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

NUMBER: Literal["number"] = "number"

Choices = list[str] | Literal["number"] | None
"""Other values for a finding of one label: the attribute's values, any number, or None where there is no choice."""


class FindingSummary(NamedTuple):
    """One line of the list of findings; a list in JSON, because there may be many thousands."""

    finding: str
    kind: str
    probability: str
    accept: str


@dataclass(frozen=True)
class ReviewOverview:
    """All findings, in the order of the file."""

    data: str
    findings: list[FindingSummary]
    can_undo: bool


@dataclass(frozen=True)
class ShownRow:
    """One row of a proposal."""

    photo: str  # empty: all photos of the person
    field: str
    old: str
    new: str
    accept: str


@dataclass(frozen=True)
class ShownPhoto:
    """A photo to look at."""

    row: int  # the number under which its path is found
    name: str
    person: str
    labels: list[str]
    affected: bool  # whether the proposal is about it


@dataclass(frozen=True)
class ShownFinding:
    """Everything about one finding that a decision needs."""

    place: int
    finding: str
    kind: str
    probability: str
    person: str
    reason: str
    rows: list[ShownRow]
    choices: Choices
    photos: list[ShownPhoto]
