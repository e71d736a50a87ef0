"""Check anybody's split: groups on several sides, and identical or near-identical photos across sides."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from maskwise.data.near_duplicates import cross_person_duplicates
from maskwise.data.readers.large_csv import read_large_csv
from maskwise.data.scan import look_at
from maskwise.errors import InputError
from maskwise.reporter import Progress

SPLIT_COLUMNS = ("split", "fold")
GROUP_COLUMNS = ("group", "person", "patient")


@dataclass(frozen=True)
class SharedGroup:
    """A group with rows on several sides."""

    name: str
    rows_by_side: dict[str, int]


@dataclass(frozen=True)
class CopiedPhoto:
    """Two photos on different sides that show the same picture."""

    first: str
    first_side: str
    second: str
    second_side: str
    identical: bool


@dataclass(frozen=True)
class Leaks:
    """What crosses a split.

    Attributes:
        shared_groups: groups on several sides.
        copies: identical and near-identical photos on different sides.
        rows_by_side: how many rows each side has.
        n_groups: how many groups there are.
        n_photos_checked: how many photos could be read and compared; 0 without photos.
        notes: what was not checked, and why.
    """

    shared_groups: tuple[SharedGroup, ...]
    copies: tuple[CopiedPhoto, ...]
    rows_by_side: dict[str, int]
    n_groups: int
    n_photos_checked: int
    notes: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether anything crosses the split."""
        return bool(self.shared_groups or self.copies)


def find_leaks(
    table: Path | str | pl.DataFrame,
    *,
    group: str | None = None,
    split: str | None = None,
    root: Path | None = None,
    progress: Progress | None = None,
) -> Leaks:
    """Find what a split lets through: a model scored on such rows looks better than it is.

    Args:
        table: a CSV or Parquet file, or a frame, with one row per photo.
        group: the column of the group, such as the patient; by default `group`, `person` or `patient`.
        split: the column of the side (`train`, `test`) or fold; by default `split` or `fold`.
        root: the folder that the paths in the column `photo` start from; by default that of the table.
        progress: called as photos are read.

    Raises:
        InputError: when a column is missing, or all rows are on one side.
    """
    origin = "the table" if isinstance(table, pl.DataFrame) else str(table)
    if isinstance(table, pl.DataFrame):
        frame, root = table, root or Path()
    else:
        path = Path(table)
        frame, root = _read(path), root or path.parent
    split = _column(frame, split, SPLIT_COLUMNS, "the side of each row", origin)
    group = _column(frame, group, GROUP_COLUMNS, "the group of each row", origin)
    sides = _text(frame, split)
    notes = []
    if without := int((sides == "").sum()):
        notes.append(f"{without:,} rows without a {split} are not checked")
        frame = frame.filter(sides != "")
        sides = sides.filter(sides != "")
    rows_by_side = dict(sorted(sides.value_counts().iter_rows()))
    if len(rows_by_side) < 2:
        raise InputError(
            f"Expected the column {split} of {origin} to have several sides, got {', '.join(rows_by_side) or 'none'}."
        )
    groups = _text(frame, group)
    if unknown := int((groups == "").sum()):
        notes.append(f"{unknown:,} rows without a {group} can't be checked for shared groups")
    copies, n_checked = _copies(frame, sides, root, notes, progress)
    return Leaks(
        _shared(groups, sides),
        copies,
        rows_by_side,
        groups.filter(groups != "").n_unique(),
        n_checked,
        tuple(notes),
    )


def _read(path: Path) -> pl.DataFrame:
    if path.suffix.lower() == ".csv":
        return read_large_csv(path)
    if path.suffix.lower() != ".parquet":
        raise InputError(f"Expected {path} to be a table ending in .csv or .parquet.")
    try:
        return pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(
            f"Expected {path} to be a Parquet file, got: {' '.join(str(error).split())}."
        ) from error


def _column(frame: pl.DataFrame, name: str | None, usual: tuple[str, ...], what: str, origin: str) -> str:
    wanted = [name] if name else list(usual)
    found = next((column for column in wanted if column in frame.columns), None)
    if found is None:
        raise InputError(
            f"Expected {origin} to have a column with {what} ({' or '.join(wanted)}), got {', '.join(frame.columns)}: "
            "name it."
        )
    return found


def _text(frame: pl.DataFrame, column: str) -> pl.Series:
    return frame[column].cast(pl.String).fill_null("").str.strip_chars()


def _shared(groups: pl.Series, sides: pl.Series) -> tuple[SharedGroup, ...]:
    counted = pl.DataFrame({"group": groups, "side": sides}).filter(pl.col("group") != "")
    counted = counted.group_by("group", "side").len().sort("group", "side")
    several = counted.filter(pl.len().over("group") > 1)
    return tuple(
        SharedGroup(str(name), dict(rows.select("side", "len").iter_rows()))
        for (name,), rows in several.group_by("group", maintain_order=True)
    )


def _copies(
    frame: pl.DataFrame, sides: pl.Series, root: Path, notes: list[str], progress: Progress | None
) -> tuple[tuple[CopiedPhoto, ...], int]:
    if "photo" not in frame.columns:
        notes.append("without a column photo, copies of photos are not looked for")
        return (), 0
    photos = _text(frame, "photo").to_list()
    seen = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for row in pool.map(lambda photo: look_at(photo, root / photo), photos):
            seen.append(row[-3:])
            if progress:
                progress(len(seen), len(photos))
    scan = pl.DataFrame(
        seen, schema={"digest": pl.String, "phash": pl.UInt64, "thumb": pl.Binary}, orient="row"
    )
    n_checked = int(scan["phash"].is_not_null().sum())
    if n_checked < len(photos):
        notes.append(
            f"{len(photos) - n_checked:,} of {len(photos):,} photos could not be read in the folder {root.resolve()}"
        )
    names = sides.to_list()
    pairs = cross_person_duplicates(scan, np.asarray(names, dtype=np.str_))
    return (
        tuple(
            CopiedPhoto(photos[p.first], names[p.first], photos[p.second], names[p.second], p.identical)
            for p in pairs
        ),
        n_checked,
    )
