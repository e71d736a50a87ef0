"""Reader for a table of photos in one file: CSV, Parquet or JSON Lines; one row per photo."""

from pathlib import Path

from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.readers.declared_table import raw_reader
from maskwise.data.readers.json_lines import read_json_lines
from maskwise.data.readers.parquet import read_parquet_text
from maskwise.data.readers.raw_table import RawTable
from maskwise.errors import InputError

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".parquet", ".jsonl", ".ndjson"})


def read_table_file(path: Path, root: Path | None = None) -> RawTable:
    """The columns of a table as text; photos' paths are relative to `root`, by default the table's folder.

    Raises:
        InputError: naming file and row of what can't be read.
    """
    suffix = path.suffix.lower()
    root = root or path.parent
    if suffix == ".parquet":
        frame, photo = read_parquet_text(path, path.relative_to(root).as_posix())
        return RawTable(frame, root, path, first_row=1, photo_column=photo)
    if suffix in (".jsonl", ".ndjson"):
        return RawTable(read_json_lines(path), root, path, first_row=1)
    if suffix in (".csv", ".tsv"):
        return RawTable(read_csv_text(path), root, path, first_row=2)
    raise InputError(f"Expected {path} to end in {', '.join(sorted(TABLE_SUFFIXES))}.")


reader = raw_reader(
    name="table",
    layout="a table ending in .csv, .parquet or .jsonl",
    recognizes=lambda data: data.is_file() and data.suffix.lower() in TABLE_SUFFIXES,
    read_raw=read_table_file,
)
