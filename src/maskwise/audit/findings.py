"""Findings, and the two files they are told in."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwise.data.corrections import COLUMNS
from maskwise.errors import InputError
from maskwise.files import write_text


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


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """By probability; what has none is worth knowing and comes last. Within the same by score."""
    return sorted(
        findings, key=lambda f: (1.0 if f.probability is None else -f.probability, -f.score, f.person)
    )


def write_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Write `findings.csv`, and `corrections.csv` with `accept` left empty.

    A `corrections.csv` in which something was already decided is left as it is.

    Raises:
        InputError: when decisions of an earlier audit would be lost.
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
                ]
            )
        about = (number, finding.id, finding.person)
        why = (finding.reason, f"{finding.score:.4f}", "")
        proposals += [[*about, c.photo, c.field, c.old, c.new, *why] for c in finding.changes]
    path = folder / "corrections.csv"
    if path.is_file() and _decided(path):
        raise InputError(
            f"Expected {path} to hold no decisions yet, but some are made: choose another --out."
        )
    header = ("finding", "kind", "person", "photo", "field", "old", "new", "score", "probability", "reason")
    write_text(folder / "findings.csv", _csv(header, rows))
    write_text(path, _csv(COLUMNS, proposals))


def _decided(path: Path) -> bool:
    with path.open(encoding="utf-8", newline="") as stream:
        return any((row.get("accept") or "").strip() for row in csv.DictReader(stream))


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
