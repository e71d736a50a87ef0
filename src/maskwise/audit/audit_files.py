"""The files of an audit's folder: `findings.csv`, `corrections.csv` and `audit.json`."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from maskwise import __version__
from maskwise.audit.findings import Change, Finding
from maskwise.data.corrections import COLUMNS
from maskwise.data.readers.csv_text import guarded, read_csv_text, unguarded
from maskwise.errors import InputError
from maskwise.files import locked, printable, read_json, write_csv, write_json

FINDINGS_FILE, CORRECTIONS_FILE, MANIFEST_FILE = "findings.csv", "corrections.csv", "audit.json"
MANIFEST_SCHEMA = 1

_LOCK_SECONDS = 10.0
_FINDINGS_COLUMNS = (
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
class AuditManifest:
    """`audit.json`: which data were audited, and by which version."""

    data: Path
    version: str

    def write(self, folder: Path) -> None:
        """Write it into the audit's folder.

        Raises:
            MaskwiseError: when the file can't be written.
        """
        content = {"schema": MANIFEST_SCHEMA, "maskwise": self.version, "data": printable(self.data)}
        write_json(folder / MANIFEST_FILE, content)

    @classmethod
    def of(cls, data: Path) -> "AuditManifest":
        """The manifest of an audit of `data` by this version."""
        return cls(data.resolve(), __version__)

    @classmethod
    def read(cls, folder: Path) -> "AuditManifest":
        """Read it from an audit's folder.

        Raises:
            InputError: when the file is missing, broken, of a newer schema, or does not name the data.
        """
        path = folder / MANIFEST_FILE
        content = read_json(path)
        schema = content.get("schema", MANIFEST_SCHEMA)
        if not isinstance(schema, int) or schema > MANIFEST_SCHEMA:
            raise InputError(
                f"Expected {path} to have schema {MANIFEST_SCHEMA}, got {schema!r}: update maskwise."
            )
        if not isinstance(content.get("data"), str):
            raise InputError(f"Expected {path} to name the audited data under the key data, but it does not.")
        return cls(Path(content["data"]), str(content.get("maskwise", "")))


@dataclass(frozen=True)
class RecordedFinding:
    """A finding as `findings.csv` has it; `new` is of its last row."""

    kind: str
    probability: str
    new: str
    photos: tuple[str, ...]  # all photos that the finding is about, the original beside the copy
    elsewhere: tuple[str, ...]  # files of other data


def write_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Write `findings.csv`, and `corrections.csv` with `accept` left empty.

    Raises:
        InputError: when decisions were made meanwhile.
        MaskwiseError: when the files can't be written.
    """
    rows: list[list[object]] = []
    proposals: list[list[object]] = []
    for number, finding in enumerate(findings, start=1):
        rows += _rows_of(number, finding)
        whose = (number, finding.id, finding.person)
        why = (finding.reason, f"{finding.score:.4f}", "")
        proposals += [[*whose, c.photo, c.field, c.old, c.new, *why] for c in finding.changes]
    with lock_decisions(folder):
        check_no_decisions(folder)
        write_csv(folder / FINDINGS_FILE, _FINDINGS_COLUMNS, _guarded(rows))
        write_csv(folder / CORRECTIONS_FILE, COLUMNS, _guarded(proposals))


def _rows_of(number: int, finding: Finding) -> list[list[object]]:
    """The rows of `findings.csv` of a finding: one per proposed change, or one without a change."""
    first_photo = finding.photos[0] if finding.photos else ""
    probability = "" if finding.probability is None else f"{finding.probability:.4f}"
    elsewhere = [printable(path.absolute()) for path in finding.elsewhere]
    return [
        [
            number,
            finding.kind,
            finding.person,
            change.photo or first_photo,
            change.field,
            change.old,
            change.new,
            f"{finding.score:.4f}",
            probability,
            finding.reason,
            json.dumps(finding.photos, ensure_ascii=False),
            json.dumps(elsewhere, ensure_ascii=False),
        ]
        for change in finding.changes or (Change(first_photo, "", "", ""),)
    ]


def _guarded(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [[guarded(cell) for cell in row] for row in rows]


def read_findings(path: Path) -> dict[str, RecordedFinding]:
    """A `findings.csv` by finding; empty where the file is gone, because corrections can be decided without it."""
    try:
        rows = read_csv_text(path)
        return {
            row["finding"]: RecordedFinding(
                kind=row["kind"],
                probability=row["probability"],
                new=unguarded(row["new"]),
                photos=_read_list(row.get("photos", "")),
                elsewhere=_read_list(row.get("elsewhere", "")),
            )
            for row in rows.iter_rows(named=True)
        }
    except (InputError, KeyError):
        return {}


def _read_list(cell: str) -> tuple[str, ...]:
    """A JSON list in a cell; empty where another program has changed it."""
    try:
        return tuple(str(photo) for photo in json.loads(unguarded(cell)))
    except (ValueError, TypeError):
        return ()


def lock_decisions(folder: Path) -> AbstractContextManager[None]:
    """Keep other audits and reviews from writing `corrections.csv` while the block runs."""
    path = folder / CORRECTIONS_FILE
    return locked(folder / f".{CORRECTIONS_FILE}.lock", str(path), wait=_LOCK_SECONDS)


def check_no_decisions(folder: Path) -> None:
    """Check that an audit may write here: decisions about an earlier one must not be lost.

    Raises:
        InputError: when `corrections.csv` has decisions, or is not as an audit leaves it.
    """
    path = folder / CORRECTIONS_FILE
    if not path.exists():
        return
    try:
        raw = read_csv_text(path)
        untouched = tuple(raw.columns) == COLUMNS and all(not word.strip() for word in raw["accept"])
    except InputError:  # saved by another program in another format: it may hold somebody's work
        untouched = False
    if not untouched:
        raise InputError(
            f"Expected {path} to hold no decisions yet, but it holds some, or was saved in another format: write the "
            "audit to another folder."
        )
