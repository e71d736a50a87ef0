"""From the labels as the data write them to those of a task: aliases, unknown values, lists, numbers and bands."""

import numpy as np
import polars as pl

from maskwise.data.readers.raw_table import RawTable
from maskwise.data.table import PhotoTable, UnreadLabel, check_labels
from maskwise.errors import InputError
from maskwise.tasks.label_space import UNKNOWN, Attribute, band_names
from maskwise.tasks.nearest import nearest
from maskwise.tasks.spelling import normalized, normalized_series
from maskwise.tasks.task import NO, YES, LabelText, Task


def label_columns(
    raw: RawTable, task: Task, unread: list[UnreadLabel] | None = None
) -> tuple[Task, pl.DataFrame, frozenset[str]]:
    """The checked labels of a table, by the columns of the task's attributes.

    Gives the task with what the data have shown (whether numbers are fractions), the labels, and which of the
    data's columns were read.

    Raises:
        InputError: naming file, row and column of a label that can't be meant, or a column that is missing.
    """
    found = {a.name: _columns_of(a, task.texts[a.name], raw.frame) for a in task.space.attributes}
    used = frozenset(column for columns in found.values() for column in columns)
    for attribute in task.space.attributes:
        if not found[attribute.name]:
            _check_missing(attribute, task, raw, labelled=bool(used))
    canonical: dict[str, pl.Series] = {}
    shown: dict[str, str] = {}
    fractions: dict[str, bool] = {}
    for attribute in task.space.attributes:
        text = task.texts[attribute.name]
        for column in found[attribute.name]:
            is_band = attribute.is_numeric and column == attribute.label_column
            target = (
                attribute.label_column if is_band or not attribute.is_numeric else attribute.number_column
            )
            shown[target] = column
            series = raw.frame[column]
            if text.member is not None:
                canonical[target] = _membership(series, text, attribute.label_column, raw, column)
                continue
            series = _plain_text(series, column, raw)
            canonical[target] = _translated(series, text, attribute.values).alias(target)
            if attribute.is_numeric and not is_band:
                fractions[attribute.name] = _has_fractions(canonical[target])
    task = task.with_fractions(fractions) if task.origin is not None else task
    for attribute in task.space.attributes:
        if attribute.is_numeric and attribute.label_column in canonical:
            canonical[attribute.label_column] = _band_as_declared(
                canonical[attribute.label_column], attribute
            )
    frame = pl.DataFrame(canonical) if canonical else pl.DataFrame({"-": pl.Series([""] * raw.frame.height)})
    if task.levels and (owner := task.column(task.group) or task.group) in raw.frame.columns:
        frame = frame.with_columns(
            raw.frame[owner].alias("person")
        )  # for `unread`, which says whose label it is
    checked = check_labels(frame, task.space, raw.origin, raw.first_row, unread, shown, _advice(task))
    return task, checked, used


def _advice(task: Task) -> str:
    return f" In {task.origin}, values, aliases or unknown can name it." if task.origin is not None else ""


def _columns_of(attribute: Attribute, text: LabelText, frame: pl.DataFrame) -> tuple[str, ...]:
    names = dict.fromkeys((text.column, attribute.label_column) if attribute.is_numeric else (text.column,))
    return tuple(name for name in names if name in frame.columns)


def _check_missing(attribute: Attribute, task: Task, raw: RawTable, *, labelled: bool) -> None:
    column = task.texts[attribute.name].column
    declared = column in task.declaration.columns.values()
    if not declared and not (labelled and task.origin is not None):
        return
    columns = raw.frame.columns
    raise InputError(
        f"{raw.origin}: expected a column {column} with the labels of {attribute.name}, got {', '.join(columns)}"
        f"{nearest(column, columns)}. Name it in {task.origin or 'the task'}: columns: {{{attribute.name}: COLUMN}}."
    )


def _plain_text(series: pl.Series, column: str, raw: RawTable) -> pl.Series:
    if series.dtype.is_nested():
        raise InputError(
            f"{raw.origin}, column {column}: expected one label in each cell, got lists: declare several: true."
        )
    text = normalized_series(series.cast(pl.String))
    return text.alias(column)


def _translated(series: pl.Series, text: LabelText, values: tuple[str, ...]) -> pl.Series:
    """Texts with unknown ones null and aliases as what they stand for."""
    meant: dict[str, str | None] = {normalized(alias): value for alias, value in text.aliases.items()}
    meant.update({normalized(unknown): None for unknown in text.unknown})
    meant = {written: value for written, value in meant.items() if written not in values}
    return series.replace(meant) if meant else series


def _membership(series: pl.Series, text: LabelText, name: str, raw: RawTable, column: str) -> pl.Series:
    """`yes` or `no` for each cell (N,): whether one value is among those of the cell; null where it is unknown."""
    if series.dtype.is_nested():
        cells = series.to_list()
    else:
        plain = _plain_text(series, column, raw).to_list()
        unknown = {normalized(u) for u in text.unknown}
        cells = [None if cell is None or cell in unknown else cell.split(text.separator) for cell in plain]
    wanted = text.member
    known = text.members
    labels: list[str | None] = []
    for row, cell in enumerate(cells):
        if cell is None:
            labels.append(None)
            continue
        values = {text.aliases.get(value, value) for value in map(normalized, cell)} - {None, ""}
        if odd := values - known:
            one = sorted(str(value) for value in odd)[0]
            raise InputError(
                f"{raw.origin}, row {row + raw.first_row}, column {column}: expected values among "
                f"{', '.join(sorted(known))}, got {one!r}{nearest(one, known)}."
            )
        labels.append(YES if wanted in values else NO)
    return pl.Series(name, labels, dtype=pl.String)


def _has_fractions(text: pl.Series) -> bool:
    numbers = text.cast(pl.Float64, strict=False)
    return bool((numbers.is_finite() & (numbers != numbers.floor())).fill_null(False).any())


def _band_as_declared(names: pl.Series, attribute: Attribute) -> pl.Series:
    """Names of bands in either way of writing them, as the attribute has them."""
    other = band_names(attribute.boundaries, fractions=not attribute.fractions)
    return names.replace(dict(zip(other, attribute.values, strict=True)))


def missing_values(table: PhotoTable) -> tuple[str, ...]:
    """What to say of declared values that no photo has."""
    notes = []
    for place, attribute in enumerate(table.space.attributes):
        indices = table.label_indices()[:, place]
        counts = np.bincount(indices[indices != UNKNOWN], minlength=len(attribute.values))
        absent = [value for value, count in zip(attribute.values, counts, strict=True) if not count]
        if not counts.any():
            notes.append(f"{attribute.name}: no photo has a label")
        elif absent:
            notes.append(f"{attribute.name}: no photo has the value {', '.join(absent)}")
    return tuple(notes)


def contradictions(table: PhotoTable) -> tuple[str, ...]:
    """What to say of groups whose photos contradict each other in what should not change within the group."""
    notes = []
    for attribute in table.space.attributes:
        level = attribute.per
        if not attribute.constant or level not in table.frame.columns:
            continue
        column = attribute.number_column if attribute.is_numeric else attribute.label_column
        groups = (
            table.frame.filter(pl.col(column).is_not_null())
            .group_by(level, maintain_order=True)
            .agg(pl.col(column).n_unique().alias("n"))
            .filter(pl.col("n") > 1)
        )
        if groups.height:
            shown = ", ".join(groups[level].cast(pl.String).to_list()[:3]) + (
                ", ..." if groups.height > 3 else ""
            )
            notes.append(
                f"{attribute.name} contradicts itself within {groups.height:,} of {level} ({shown}): "
                "maskwise audit lists them"
            )
    return tuple(notes)
