"""The groups that photos belong to: their ids, checked to nest."""

from dataclasses import dataclass

import polars as pl

from maskwise.data.readers.raw_table import RawTable
from maskwise.data.table import require_values
from maskwise.errors import InputError
from maskwise.tasks.nearest import nearest
from maskwise.tasks.spelling import case_note, normalized_series
from maskwise.tasks.task import Task


@dataclass(frozen=True)
class Groups:
    """Columns of ids: `person`, the outermost group, which split and intervals go by, and one for each level."""

    frame: pl.DataFrame
    used: frozenset[str]
    """The columns of the data that were read."""
    notes: tuple[str, ...] = ()


def group_columns(raw: RawTable, task: Task, photos: pl.Series, *, labelled: bool) -> Groups:
    """The groups of a table's photos.

    Without any group each photo stands for itself. Where photos without labels have no column of groups, or a
    registered task's table has none, the groups are unknown (null).

    Args:
        raw: the table.
        task: declares the levels, outermost first.
        photos: the photos' names (N,).
        labelled: whether there is a column of labels.

    Raises:
        InputError: naming file, row and column of an empty id, a column that is missing, or levels that cross.
    """
    if not task.levels:
        return Groups(pl.DataFrame({"person": photos}), frozenset())
    columns = {level: task.column(level) or level for level in task.levels}
    for level, column in columns.items():
        if column not in raw.frame.columns and (task.column(level) or (labelled and task.origin is not None)):
            known = raw.frame.columns
            raise InputError(
                f"{raw.origin}: expected a column {column} with each photo's {level}, got {', '.join(known)}"
                f"{nearest(column, known)}. Name it in {task.origin or 'the task'}: columns: {{{level}: COLUMN}}, "
                "or declare group: {each: photo}."
            )
    if any(column not in raw.frame.columns for column in columns.values()):
        unknown = pl.Series([None] * len(photos), dtype=pl.String)
        return Groups(pl.DataFrame({"person": unknown, **dict.fromkeys(task.levels, unknown)}), frozenset())
    ids: dict[str, pl.Series] = {}
    notes: list[str] = []
    outer: str | None = None
    for level, column in columns.items():
        text = _ids(raw, column, level, task)
        notes += case_note(text, level)
        if outer is not None:
            text, note = _nested(text, level, ids[outer], outer, raw, task)
            notes += note
        ids[level] = text.alias(level)
        outer = level
    frame = pl.DataFrame({"person": ids[task.group], **ids})
    return Groups(frame, frozenset(columns.values()), tuple(notes))


def _ids(raw: RawTable, column: str, level: str, task: Task) -> pl.Series:
    try:
        return normalized_series(require_values(raw.frame, column, raw.origin, raw.first_row))
    except InputError as error:
        if task.origin is None:
            raise
        raise InputError(
            f"{str(error).rstrip('.')}: fill in the {level}, or take those photos out."
        ) from error


def _nested(
    ids: pl.Series, level: str, outer_ids: pl.Series, outer: str, raw: RawTable, task: Task
) -> tuple[pl.Series, list[str]]:
    """Inner ids, each in one outer group."""
    pairs = pl.DataFrame({"outer": outer_ids, "inner": ids})
    crossing = pairs.group_by("inner", maintain_order=True).agg(pl.col("outer").unique(maintain_order=True))
    crossing = crossing.filter(pl.col("outer").list.len() > 1)
    if not crossing.height:
        return ids, []
    inner, outers = crossing["inner"][0], crossing["outer"][0]
    example = f"{level} {inner} is in {outer} {outers[0]} and in {outer} {outers[1]}"
    if level in task.restarting:
        apart = pairs.select(pl.concat_str("outer", pl.lit("/"), "inner")).to_series()
        note = (
            f"{crossing.height:,} ids of {level} come in several of {outer} and are taken for others in each"
        )
        return apart, [f"{note}: {example}"]
    more = f" ({crossing.height - 1} more)" if crossing.height > 1 else ""
    raise InputError(
        f"{raw.origin}: expected each {level} inside one {outer}, but {example}{more}: the levels cross. "
        f"If it is the same {level}, declare group: {level} alone, which keeps its photos on one side of a split; "
        f"if ids are numbered anew in each {outer}, declare {{name: {level}, restarts: true}}."
    )
