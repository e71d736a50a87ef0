"""A `corrections.csv` under review: its rows by finding, written at every change unless another program wrote it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from maskwise.audit.audit_files import lock_decisions
from maskwise.data.corrections import COLUMNS, FIRST_ROW, read_corrections
from maskwise.data.readers.csv_text import guarded
from maskwise.errors import InputError
from maskwise.files import write_csv

Row = dict[str, str]
"""A row by column: those of COLUMNS, and additional ones that somebody has added."""


class ChangedError(InputError):
    """The corrections were changed by another program since they were read."""


class CorrectionsFile:
    """The rows of a `corrections.csv`. Every change is on disk before it is in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._digest = self._digest_on_disk()
        raw = read_corrections(path)
        self._columns = raw.columns
        self.rows: list[Row] = list(raw.iter_rows(named=True))
        if not self.rows:
            raise InputError(f"{path}: expected proposals to review, got none: there is nothing to decide.")
        self.rows_of_finding: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            # A row without a finding is its own finding, as where corrections are applied.
            self.rows_of_finding.setdefault(row["finding"] or f"row {number + FIRST_ROW}", []).append(number)

    def of_finding(self, name: str) -> list[Row]:
        """Copies of the rows of a finding."""
        return [dict(self.rows[number]) for number in self.rows_of_finding[name]]

    def replace(self, name: str, rows: Sequence[Row]) -> None:
        """Replace the rows of a finding, and write the file.

        Raises:
            ChangedError: when the file was changed by another program.
            MaskwiseError: when it can't be written; the rows are then as before.
        """
        changed = list(self.rows)
        for number, row in zip(self.rows_of_finding[name], rows, strict=True):
            changed[number] = row
        with lock_decisions(self.path.parent):
            if self._digest_on_disk() != self._digest:
                raise ChangedError(
                    f"Expected {self.path} to be as it was read, but another program has changed it: start the "
                    "review again."
                )
            cells = [
                [guarded(row[name]) if name in COLUMNS else row[name] for name in self._columns]
                for row in changed
            ]
            written = write_csv(self.path, self._columns, cells)
        self.rows = changed
        self._digest = _digest(written.encode())

    def _digest_on_disk(self) -> str:
        try:
            return _digest(self.path.read_bytes())
        except OSError:
            return ""


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
