"""A table as its file has it: columns as text, not yet read by a task."""

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

PHOTO_COLUMNS = ("photo", "file_name", "filename", "file", "path", "image", "image_path", "img")
"""Columns that are taken for the photos' paths where the task does not name another, in this order."""


@dataclass(frozen=True)
class RawTable:
    """Columns as text or lists of text, null or empty where the data have nothing."""

    frame: pl.DataFrame
    root: Path
    """The folder that photos' paths are relative to."""
    origin: Path
    """The file that messages name."""
    first_row: int = 2
    """The number of the first row of data in messages; 2 behind a header line."""
    photo_column: str | None = None
    """The column of the photos' paths, where the layout says so."""
    notes: tuple[str, ...] = ()

    def photo_name(self, declared: str | None = None) -> str | None:
        """The column of the photos' paths: as declared, as the layout says, or of a usual name; None without one."""
        candidates = (declared,) if declared else (self.photo_column, *PHOTO_COLUMNS)
        return next((name for name in candidates if name in self.frame.columns), None)


def with_path_columns(raw: RawTable, pattern: str | None, photo_column: str) -> RawTable:
    """Add a column for each named group of a regular expression that is searched in the photos' paths.

    The expressions are those of Rust's regex crate, which takes time linear in the text whatever the pattern.
    """
    if pattern is None or not raw.frame.height:
        return raw
    groups = raw.frame[photo_column].str.replace_all("\\", "/", literal=True).str.extract_groups(pattern)
    fields = groups.struct.unnest()
    named = [name for name in fields.columns if not name.isdecimal()]
    missed = fields.select(pl.all_horizontal(pl.col(named).is_null())).to_series()
    frame = raw.frame.drop([name for name in named if name in raw.frame.columns]).hstack(fields.select(named))
    notes = raw.notes
    if n_missed := int(missed.sum()):
        example = raw.frame[photo_column].filter(missed)[0]
        notes = (*notes, f"{n_missed:,} photos do not match from_path and lack what it reads: {example}")
    return replace(raw, frame=frame, notes=notes)
