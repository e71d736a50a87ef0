"""The split of a run: every photo, its person and group, its side, and what recognises its content."""

from pathlib import Path

import polars as pl

from maskwise.errors import InputError, in_short
from maskwise.files import atomic_path

SCHEMA = 1
TRAIN, HELD_OUT = "train", "held-out"


def write_split(path: Path, frame: pl.DataFrame) -> None:
    """Write a split atomically.

    Raises:
        MaskwiseError: when the disk is full or the folder can't be written.
    """
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, metadata={"schema": str(SCHEMA)})


def read_split(path: Path) -> pl.DataFrame:
    """Read a split, one row per photo: `photo`, `person`, `side`, and what later versions added.

    Raises:
        InputError: when the file is missing or broken, or lacks a column.
    """
    try:
        frame = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"Expected {path} to be the split of a run, got: {in_short(error)}.") from error
    if missing := [name for name in ("photo", "person", "side") if name not in frame.columns]:
        raise InputError(
            f"Expected {path} to be the split of a run, got one without the column {missing[0]}."
        )
    return frame
