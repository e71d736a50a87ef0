"""Findings, and the two files they are told in."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from maskwise.data.corrections import COLUMNS
from maskwise.data.readers.csv_text import guarded, read_csv_text
from maskwise.errors import InputError
from maskwise.files import locked, printable, write_csv

FINDINGS_FILE, CORRECTIONS_FILE = "findings.csv", "corrections.csv"
_WAIT_SECONDS = 10.0
_HEADER = (
    "finding",
    "kind",
    "person",
    "photo",
    "field",
    "old",
    "new",
    "score",
    "probability",
    "reason",
    "photos",
    "elsewhere",
)


@dataclass(frozen=True)
class Change:
    """One row of a correction that a finding proposes."""

    photo: str  # empty: all photos of the person
    field: str
    old: str
    new: str


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong; `probability` is how likely it is, None where that can't be said."""

    kind: str
    person: str
    id: str
    photos: tuple[str, ...]
    reason: str
    score: float  # the higher the worse, comparable within a kind
    probability: float | None = None
    changes: tuple[Change, ...] = ()
    elsewhere: tuple[Path, ...] = ()  # photos of other data, to look at


def number_in_words(number: float) -> str:
    """A number without a needless `.0`, and with all its digits."""
    return repr(float(number)).removesuffix(".0")


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """By probability; what has none is worth knowing and comes last. Within the same by score."""
    return sorted(
        findings, key=lambda f: (1.0 if f.probability is None else -f.probability, -f.score, f.person)
    )


def write_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Write `findings.csv`, and `corrections.csv` with `accept` left empty.

    Raises:
        InputError: when decisions were made meanwhile.
        MaskwiseError: when the files can't be written.
    """
    rows, proposals = [], []
    for number, finding in enumerate(findings, start=1):
        for change in finding.changes or (Change(finding.photos[0] if finding.photos else "", "", "", ""),):
            probability = "" if finding.probability is None else f"{finding.probability:.4f}"
            rows.append(
                [
                    number,
                    finding.kind,
                    finding.person,
                    change.photo or (finding.photos[0] if finding.photos else ""),
                    change.field,
                    change.old,
                    change.new,
                    f"{finding.score:.4f}",
                    probability,
                    finding.reason,
                    json.dumps(finding.photos, ensure_ascii=False),
                    json.dumps(
                        [printable(path.absolute()) for path in finding.elsewhere], ensure_ascii=False
                    ),
                ]
            )
        about = (number, finding.id, finding.person)
        why = (finding.reason, f"{finding.score:.4f}", "")
        proposals += [[*about, c.photo, c.field, c.old, c.new, *why] for c in finding.changes]
    with decisions_locked(folder):
        check_no_decisions(folder)
        write_csv(folder / FINDINGS_FILE, _HEADER, _guarded(rows))
        write_csv(folder / CORRECTIONS_FILE, COLUMNS, _guarded(proposals))


def decisions_locked(folder: Path) -> AbstractContextManager[None]:
    """Keep other audits and reviews from writing `corrections.csv` while the block runs."""
    path = folder / CORRECTIONS_FILE
    return locked(folder / f".{CORRECTIONS_FILE}.lock", str(path), wait=_WAIT_SECONDS)


def _guarded(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [[guarded(cell) for cell in row] for row in rows]


def check_no_decisions(folder: Path) -> None:
    """Check that an audit may write here: no decision of an earlier one may be lost.

    Raises:
        InputError: when a `corrections.csv` has decisions, or is not as an audit leaves it.
    """
    path = folder / CORRECTIONS_FILE
    if not path.exists():
        return
    try:
        raw = read_csv_text(path)
        untouched = tuple(raw.columns) == COLUMNS and all(not word.strip() for word in raw["accept"])
    except InputError:  # saved by another program in another way: whatever it holds is somebody's work
        untouched = False
    if not untouched:
        raise InputError(
            f"Expected {path} to hold no decisions yet, but some are made, or it was saved in another form: choose "
            "another --out."
        )
