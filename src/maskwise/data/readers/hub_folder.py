"""Reader for folders with a table of their photos, as Hugging Face's `imagefolder` has it, or with Parquet shards.

`metadata.csv`, `metadata.jsonl` or `metadata.parquet` lies beside the photos, or one in each of the folders of a
split. A folder with a single other table is read alike, and so are shards such as `data/train-00000-of-00002.parquet`.
"""

import re
from pathlib import Path

import polars as pl

from maskwise.data.readers.declared_table import raw_reader
from maskwise.data.readers.raw_table import RawTable
from maskwise.data.readers.split_names import SPLIT_NAMES, split_note
from maskwise.data.readers.table import TABLE_SUFFIXES, read_table_file
from maskwise.errors import InputError

_STEM = "metadata"
_SHARD = re.compile(r"([A-Za-z]+)(?:[-_.]\d+.*)?")


def _tables(folder: Path) -> list[Path]:
    """The tables that describe a folder's photos; one for each part of the split, or shards."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []
    here = [entry for entry in entries if entry.suffix.lower() in TABLE_SUFFIXES and entry.is_file()]
    if named := [entry for entry in here if entry.stem == _STEM]:
        return named[:1] if len(named) == 1 else named
    inside = [
        table
        for entry in entries
        if entry.is_dir() and entry.name.lower() in SPLIT_NAMES
        for table in sorted(entry.glob(f"{_STEM}.*"))
        if table.suffix.lower() in TABLE_SUFFIXES
    ]
    if inside:
        return inside
    if len(here) == 1 or (here and all(entry.suffix.lower() == ".parquet" for entry in here)):
        return here
    return [] if here else sorted((folder / "data").glob("*.parquet"))


def read_hub_folder(folder: Path) -> RawTable:
    """The rows of a folder's tables, one after another.

    Raises:
        InputError: when tables contradict each other, or one is broken.
    """
    tables = _tables(folder)
    if len(tables) > 1 and sum(table.parent == folder and table.stem == _STEM for table in tables) > 1:
        raise InputError(f"{folder}: expected one {_STEM} file, got {', '.join(t.name for t in tables)}.")
    if len(tables) == 1 and tables[0].parent == folder:
        return read_table_file(tables[0], folder)
    parts: list[pl.DataFrame] = []
    splits: set[str] = set()
    for table in tables:
        raw = read_table_file(table, folder)
        photo = raw.photo_name()
        if photo is None:
            raise InputError(f"{table}: expected a column file_name, got {', '.join(raw.frame.columns)}.")
        frame = raw.frame.rename({photo: "photo"})
        if raw.photo_column is None and table.parent != folder:
            inside = table.parent.relative_to(folder).as_posix()
            frame = frame.with_columns(pl.concat_str(pl.lit(f"{inside}/"), "photo").alias("photo"))
        if (split := _split_of(table, folder)) and "split" not in frame.columns:
            splits.add(split)
            frame = frame.with_columns(split=pl.lit(SPLIT_NAMES[split.lower()]))
        parts.append(frame)
    frame = pl.concat(parts, how="diagonal_relaxed")
    return RawTable(frame, folder, folder, first_row=1, photo_column="photo", notes=split_note(splits))


def _split_of(table: Path, folder: Path) -> str | None:
    """The part of the split that a table's folder or a shard's name says."""
    inside = table.relative_to(folder).parts
    if len(inside) > 1 and inside[0].lower() in SPLIT_NAMES:
        return inside[0]
    match = _SHARD.fullmatch(table.stem)
    if table.suffix.lower() == ".parquet" and match and match[1].lower() in SPLIT_NAMES:
        return match[1]
    return None


reader = raw_reader(
    name="hub_folder",
    layout="a folder with metadata.csv, .jsonl or .parquet",
    recognizes=lambda data: data.is_dir() and bool(_tables(data)),
    read_raw=read_hub_folder,
)
