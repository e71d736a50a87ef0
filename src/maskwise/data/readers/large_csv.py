"""CSV files of many rows: read quickly where they are regular, with the strict reader's messages where not."""

import io
from pathlib import Path

import polars as pl

from maskwise.data.readers.csv_text import read_csv_text
from maskwise.errors import InputError


def read_large_csv(path: Path) -> pl.DataFrame:
    """All columns of a CSV as text, with an empty cell as an empty string; a million rows take a second.

    Raises:
        InputError: when the file is missing, empty, or has a row with another number of cells than the header.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Expected {path} to be a CSV file, got {error.strerror or error}.") from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    header = content.partition(b"\n")[0]
    n_lines = content.count(b"\n") + (not content.endswith(b"\n"))
    # Without quotes, commas can be counted: a row too short would otherwise be filled up in silence.
    regular = (
        b"," in header
        and not any(mark in header for mark in (b";", b"\t"))
        and b'"' not in content
        and content.count(b",") == header.count(b",") * n_lines
    )
    if regular:
        try:
            frame = pl.read_csv(io.BytesIO(content), infer_schema=False)
        except (pl.exceptions.PolarsError, UnicodeError):
            return read_csv_text(path)  # which names the row, and reads other encodings
        # polars renames repeated columns in silence.
        names = [name.strip() for name in header.decode("utf-8").split(",")]
        if len(set(names)) == len(names) and frame.height == n_lines - 1:
            frame.columns = names
            return frame.with_columns(pl.all().fill_null(""))
    return read_csv_text(path)
