"""CSV files read as text: `006359` stays `006359`, and a broken file names its row."""

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from maskwise.data.readers.text_encoding import detect_encoding
from maskwise.errors import InputError

DELIMITERS = (",", ";", "\t")

_CHUNK = 50_000
"""Rows that are held as Python objects at once."""

_SAMPLE_ROWS = 20


def read_csv_text(path: Path) -> pl.DataFrame:
    """All columns of a CSV as text, with an empty cell as an empty string.

    The cells are separated by commas, semicolons or tabs. The text is UTF-8, UTF-16 with a byte order mark, or
    else Windows-1252. Quoted cells may contain line breaks.

    Raises:
        InputError: when the file is missing, empty, in another encoding, has blank lines between its rows, or a row
            has not as many cells as the header.
    """
    encoding = detect_encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            delimiter = _delimiter(stream)
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter)
            header = next(reader, [])
            if not any(name.strip() for name in header):
                raise InputError(f"{path}: expected a header line with column names, got an empty one.")
            header = [name.strip() for name in header]
            if len(set(header)) != len(header):
                raise InputError(f"{path}: expected distinct column names, got {', '.join(header)}.")
            rows = _checked_rows(reader, len(header), path)
            chunks = [_frame(header, [])]
            while chunk := list(itertools.islice(rows, _CHUNK)):
                chunks.append(_frame(header, chunk))
    except FileNotFoundError as error:
        raise InputError(f"Expected {path} to exist, but it does not.") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Expected {path} to be a CSV file in {encoding}, got: {error}.") from error
    return pl.concat(chunks)


def _delimiter(stream: Iterator[str]) -> str:
    """The delimiter that splits the header and the first rows into equally many cells, as many as possible."""
    lines = list(itertools.islice(stream, _SAMPLE_ROWS))

    def cells(delimiter: str) -> tuple[bool, int]:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return False, 0
        # The last row may be cut inside a quoted cell.
        first = counts[0] if counts else 0
        return first > 1 and all(count == first for count in counts[:-1]), first

    best = max(DELIMITERS, key=cells)
    return best if cells(best)[1] > 1 else ","


def _checked_rows(reader: Iterator[list[str]], n_cells: int, path: Path) -> Iterator[list[str]]:
    blank = 0
    for place, row in enumerate(reader, start=2):
        if not row:
            blank = blank or place
            continue
        if blank:  # skipped, they would shift the rows that messages name
            raise InputError(f"{path}, row {blank}: expected a row, got a blank line; remove it.")
        if len(row) != n_cells:
            raise InputError(
                f"{path}, row {place}: expected {n_cells} cells as in the header, got {len(row)}."
            )
        yield row


def _frame(header: Sequence[str], rows: Sequence[Sequence[str]]) -> pl.DataFrame:
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


def guarded_columns(columns: Sequence[str]) -> list[pl.Expr]:
    """Text columns guarded as `guarded` does it with a cell."""
    formula = r"^[=+\-@\t\r']"
    return [
        pl.when(pl.col(name).str.contains(formula))
        .then(pl.concat_str(pl.lit("'"), name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in columns
    ]


def unguarded(cell: str) -> str:
    """The text before it was guarded."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_GUARDED) else cell
