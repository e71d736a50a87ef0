"""CSV files read as text: `006359` stays `006359`, and a broken file names its row."""

import csv
from pathlib import Path

import polars as pl

from maskwise.errors import InputError


def read_csv_text(path: Path) -> pl.DataFrame:
    """All columns of a CSV as text, with an empty cell as an empty string.

    Raises:
        InputError: when the file is missing, empty, not UTF-8, has blank lines between its rows, or a row has not
            as many cells as the header.
    """
    try:
        # utf-8-sig: spreadsheets like to put a byte order mark in front.
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            if not any(name.strip() for name in header):
                raise InputError(f"{path}: expected a header line with column names, got an empty one.")
            header = [name.strip() for name in header]
            if len(set(header)) != len(header):
                raise InputError(f"{path}: expected distinct column names, got {', '.join(header)}.")
            rows, blank = list[list[str]](), 0
            for place, row in enumerate(reader, start=2):
                if not row:
                    blank = blank or place
                    continue
                if blank:  # skipped, they would shift the rows that messages name
                    raise InputError(f"{path}, row {blank}: expected a row, got a blank line; remove it.")
                if len(row) != len(header):
                    raise InputError(
                        f"{path}, row {place}: expected {len(header)} cells as in the header, got {len(row)}."
                    )
                rows.append(row)
    except FileNotFoundError as error:
        raise InputError(f"Expected {path} to exist, but it does not.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Expected {path} to be a CSV file in UTF-8, got: {error}.") from error
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    return pl.DataFrame(
        {
            name: pl.Series(name, list(cells), dtype=pl.String)
            for name, cells in zip(header, columns, strict=True)
        }
    )


# The apostrophe is guarded too, so that text that begins with one is restored unchanged.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")


def guarded(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would take for a formula: names are untrusted."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_GUARDED) else cell


def unguarded(cell: str) -> str:
    """The text before it was guarded."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_GUARDED) else cell
