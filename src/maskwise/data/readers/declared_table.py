"""From a table as its file has it to the photos of a task: names, labels, groups and split, each checked once."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from maskwise.data.groups import group_columns
from maskwise.data.label_columns import contradictions, label_columns, missing_values
from maskwise.data.readers.raw_table import PHOTO_COLUMNS, RawTable, with_path_columns
from maskwise.data.readers.split_names import SPLIT_NAMES
from maskwise.data.table import SPLIT_VALUES, PhotoTable, UnreadLabel, require_values
from maskwise.errors import InputError
from maskwise.tasks.nearest import nearest
from maskwise.tasks.spelling import names_on_disk, normalized_series
from maskwise.tasks.task import Task

if TYPE_CHECKING:
    from maskwise.data.readers.registry import Reader


def raw_reader(
    name: str, layout: str, recognizes: Callable[[Path], bool], read_raw: Callable[[Path], RawTable]
) -> "Reader":
    """A reader of a layout that any task can be declared for."""
    from maskwise.data.readers.registry import Reader

    def read(data: Path, task: Task, unread: list[UnreadLabel] | None = None) -> PhotoTable:
        return photo_table(read_raw(data), task, unread)

    return Reader(name=name, layout=layout, recognizes=recognizes, read=read, read_raw=read_raw)


def photo_table(raw: RawTable, task: Task, unread: list[UnreadLabel] | None = None) -> PhotoTable:
    """Read a table by a task.

    Args:
        raw: the columns as text.
        task: what is declared.
        unread: receives the labels that can't be meant, which become unknown; with None they are refused.

    Raises:
        InputError: naming file, row and column of what is wrong.
    """
    column = _photo_column(raw, task)
    if not raw.frame.height:
        raise InputError(f"{raw.origin}: expected at least one row, got none.")
    raw = with_path_columns(raw, task.declaration.from_path, column)
    photos = require_values(raw.frame, column, raw.origin, raw.first_row).alias("photo")
    photos = names_on_disk(photos, raw.root)  # first: two spellings of one name are one photo
    repeated = photos.is_duplicated().arg_true()
    if len(repeated):
        first = photos[int(repeated[0])]
        again = int((photos == first).arg_true()[1])
        raise InputError(
            f"{raw.origin}, row {again + raw.first_row}, column {column}: expected each photo once, "
            f"got {first!r} again."
        )
    task, labels, used = label_columns(raw, task, unread)
    groups = group_columns(raw, task, photos, labelled=bool(used))
    frame = pl.DataFrame({"photo": photos}).hstack(groups.frame).hstack(labels)
    frame = frame.with_columns(_id(raw, task), _split(raw, task), _source(raw, used))
    taken = {*frame.columns, *used, *groups.used, column}
    extras = [name for name, dtype in raw.frame.schema.items() if name not in taken and not dtype.is_nested()]
    table = PhotoTable(frame.hstack(raw.frame.select(extras)), raw.root, task.space, raw.notes, task)
    notes = () if task.origin is None else (*missing_values(table), *contradictions(table))
    return PhotoTable(table.frame, table.root, table.space, (*raw.notes, *groups.notes, *notes), task)


def _photo_column(raw: RawTable, task: Task) -> str:
    declared = task.column("photo")
    column = raw.photo_name(declared)
    if column is not None:
        return column
    columns = raw.frame.columns
    got = ", ".join(columns) or "none"
    if declared:
        raise InputError(
            f"{raw.origin}: expected a column {declared} with the photos' paths, missing {declared}, got {got}"
            f"{nearest(declared, columns)}."
        )
    raise InputError(
        f"{raw.origin}: expected a column with the photos' paths ({', '.join(PHOTO_COLUMNS)}); missing photo, "
        f"got {got}. Name it in task.yaml: columns: {{photo: NAME}}."
    )


def _empty(name: str, height: int) -> pl.Series:
    return pl.Series(name, [None] * height, dtype=pl.String)


def _id(raw: RawTable, task: Task) -> pl.Series:
    column = task.column("id") or "id"
    if column not in raw.frame.columns or raw.frame.schema[column].is_nested():
        return _empty("id", raw.frame.height)
    if task.origin is None:
        return require_values(raw.frame, column, raw.origin, raw.first_row).alias("id")
    return normalized_series(raw.frame[column]).replace("", None).alias("id")


def _source(raw: RawTable, used: frozenset[str]) -> pl.Series:
    """Where a row comes from, as the data say; by default the table's name."""
    if raw.frame.schema.get("source") == pl.String and "source" not in used:
        return raw.frame["source"]
    return pl.Series("source", [raw.origin.stem] * raw.frame.height, dtype=pl.String)


def _split(raw: RawTable, task: Task) -> pl.Series:
    column = task.column("split") or "split"
    if column not in raw.frame.columns or column in task.levels:
        return _empty("split", raw.frame.height)
    text = raw.frame[column].cast(pl.String).fill_null("").str.strip_chars()
    parts = text.str.to_lowercase().replace_strict(
        {**SPLIT_NAMES, "": None}, default="?", return_dtype=pl.String
    )
    wrong = (parts == "?").arg_true()
    if len(wrong):
        raise InputError(
            f"{raw.origin}, row {wrong[0] + raw.first_row}, column {column}: expected {' or '.join(SPLIT_VALUES)}, "
            f"or empty, got {text[int(wrong[0])]!r}."
        )
    return parts.alias("split")
