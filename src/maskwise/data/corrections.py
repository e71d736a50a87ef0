"""Corrections of labels in a CSV file: accepted rows are applied when a table is read; photos are never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import polars as pl

from maskwise.data.readers.csv_text import read_csv_text, unguarded
from maskwise.data.table import PhotoTable, check_labels, require_columns
from maskwise.errors import InputError
from maskwise.tasks.spelling import normalized

COLUMNS = ("finding", "id", "person", "photo", "field", "old", "new", "reason", "score", "accept")
EXCLUDE, PERSON = "exclude", "person"
FIRST_ROW = 2  # the header is row 1


@dataclass(frozen=True)
class Corrected:
    """A corrected table, and a record of the changes."""

    table: PhotoTable
    n_findings: int
    n_changed: int  # photos whose row changed or was excluded
    accepted: list[dict[str, str]]  # the rows that were applied


def apply_corrections(table: PhotoTable, path: Path) -> Corrected:
    """Apply the accepted rows of a corrections file; the rows of one finding, such as a swap, are applied together.

    A row names its photos by `person`, or by `id` where only one person has it, and by `photo` where not all photos
    of the person are meant: the photo's name as the table has it, or its stem. `field` is an attribute, a band
    where there is no number, `person`, or `exclude`. `old`, where given, must be the value in the
    table; if a whole person is corrected, photos without a label stay without one.

    Raises:
        InputError: naming file and row of the first that is malformed, matches nothing or changes nothing.
    """
    raw = read_corrections(path)
    accepted = [
        (place, row)
        for place, row in enumerate(raw.iter_rows(named=True), start=FIRST_ROW)
        if row["accept"] == "yes"
    ]
    _check_whole_findings(raw, path)
    if not accepted:
        raise InputError(
            f"{path}: expected rows to apply, got none whose accept is yes: decide (maskwise review), or leave "
            "data.corrections out."
        )
    frame, touched, excluded = table.frame, set[int](), set[int]()
    for place, row in accepted:
        # Looked up in the table as it was read, so that earlier rows do not change the names.
        rows = _rows_of(table.frame, row, path, place)
        field, new = row["field"], row["new"]
        if field == EXCLUDE:
            fresh = rows  # a photo may be excluded by two findings
            excluded.update(rows)
        else:
            frame, fresh = _change(frame, table, rows, row, path, place)
        if not fresh:
            raise InputError(
                f"{path}, row {place}: expected to change something, but {_named(row)} already is {field} {new}: "
                "empty its accept, or correct the row."
            )
        touched.update(fresh)
    keep = [k not in excluded for k in range(frame.height)]
    kept = replace(table, frame=frame.filter(pl.Series(keep, dtype=pl.Boolean)))
    applied = [{name: row[name] for name in COLUMNS} for _, row in accepted]
    return Corrected(kept, len({row["finding"] for row in applied}), len(touched), applied)


def read_corrections(path: Path) -> pl.DataFrame:
    """The rows of a corrections file as text, without surrounding spaces, `accept` in lower case.

    Raises:
        InputError: when the file can't be read, lacks a column, or a value of `accept` is not yes, no or empty.
    """
    raw = read_csv_text(path)
    require_columns(raw, COLUMNS, path)
    for place, word in enumerate(raw["accept"], start=FIRST_ROW):
        if word.strip().lower() not in ("", "yes", "no"):
            raise InputError(
                f"{path}, row {place}, column accept: expected yes, no, or nothing, got {word!r}."
            )
    return raw.with_columns(
        pl.col(name).map_elements(_prose if name == "reason" else _compared, return_dtype=pl.String)
        for name in COLUMNS
    ).with_columns(pl.col("accept").str.to_lowercase())


def _compared(cell: str) -> str:
    return normalized(_prose(cell))


def _prose(cell: str) -> str:
    """Text that people read: its line ends are kept."""
    return unguarded(cell.strip())


def _check_whole_findings(raw: pl.DataFrame, path: Path) -> None:
    """Refuse a finding of which only some rows are accepted, such as half of a swap."""
    for finding, words in raw.group_by("finding", maintain_order=True):
        if words["accept"].n_unique() > 1 and finding[0]:
            raise InputError(
                f"{path}: expected all rows of finding {finding[0]} to be accepted or none, got "
                f"{', '.join(sorted(repr(word) for word in words['accept'].unique()))}."
            )


def _named(row: Mapping[str, str]) -> str:
    return row["photo"] or row["person"] or row["id"]


def _rows_of(frame: pl.DataFrame, row: Mapping[str, str], path: Path, place: int) -> list[int]:
    person, known_id, photo = row["person"], row["id"], row["photo"]
    if not person and not known_id and not photo:
        raise InputError(f"{path}, row {place}: expected a person, an id or a photo, got none.")
    mine = pl.lit(True)
    if person:
        mine &= pl.col("person") == person
        if known_id and not frame.select((mine & (pl.col("id") == known_id)).any()).item():
            raise InputError(
                f"{path}, row {place}, column id: expected {person} to have id {known_id}, but it does not: correct or "
                "empty one of them."
            )
    elif known_id:
        persons = frame.filter(pl.col("id") == known_id)["person"].unique()
        if len(persons) > 1:
            raise InputError(
                f"{path}, row {place}, column id: expected one person with id {known_id}, got "
                f"{', '.join(sorted(map(str, persons)))}: name the person."
            )
        mine &= pl.col("id") == known_id
    rows: Sequence[int] = frame.select(mine.fill_null(False).arg_true()).to_series().to_list()
    if photo:
        names = frame["photo"].to_list()
        exact = [k for k in rows if normalized(names[k]) == photo]
        rows = exact or [k for k in rows if normalized(PurePosixPath(names[k]).stem) == photo]
        if len(rows) > 1 and not person and not known_id:
            raise InputError(
                f"{path}, row {place}, column photo: expected one photo, got {photo!r} of {len(rows)}: name the person."
            )
    if not rows:
        raise InputError(f"{path}, row {place}: expected photos of {_named(row)} in the data, got none.")
    return list(rows)


def _change(
    frame: pl.DataFrame,
    table: PhotoTable,
    rows: list[int],
    row: Mapping[str, str],
    path: Path,
    place: int,
) -> tuple[pl.DataFrame, list[int]]:
    """The frame with one field changed, and the rows whose value is new."""
    field, old, new = row["field"], row["old"], row["new"]
    whole_person = not row["photo"]
    if not new:
        raise InputError(f"{path}, row {place}, column new: expected a {field}, got nothing.")
    attributes = {attribute.name: attribute for attribute in table.space.attributes}
    bands = {a.label_column: a.name for a in table.space.attributes if a.is_numeric}
    if field == PERSON:
        if whole_person and new not in table.frame[PERSON].to_list():  # a single photo may be of a new person
            raise InputError(
                f"{path}, row {place}, column new: expected a person of the data to join with, got {new!r}."
            )
        columns: dict[str, str | float | None] = {PERSON: new}
    elif field in attributes:
        typed = check_labels(pl.DataFrame({field: [new]}), table.space, path, place)
        names = [field, attributes[field].label_column]
        columns = {name: typed[name][0] for name in dict.fromkeys(names)}
    elif field in bands:
        number = bands[field]
        if whole_person:  # the other photos have a number, which decides their band
            rows = [k for k in rows if frame[number][k] is None] or rows
        if any(frame[number][k] is not None for k in rows):
            raise InputError(
                f"{path}, row {place}, column field: expected {number}, which decides the {field}, got {field}."
            )
        columns = {field: check_labels(pl.DataFrame({field: [new]}), table.space, path, place)[field][0]}
    else:
        known = ", ".join([*attributes, *bands, PERSON, EXCLUDE])
        raise InputError(f"{path}, row {place}, column field: expected one of {known}, got {field!r}.")
    before = frame[field].to_list()
    fresh = []
    for k in rows:
        if old and whole_person and before[k] is None:
            continue
        if old and not _same(before[k], old):
            raise InputError(
                f"{path}, row {place}, column old: expected {before[k]}, as the data have it for {frame['photo'][k]}, "
                f"got {old!r}: the corrections were made for other data."
            )
        if not _same(before[k], new):
            fresh.append(k)
    for name, value in columns.items():
        values = frame[name].to_list()
        for k in fresh:
            values[k] = value
        frame = frame.with_columns(pl.Series(name, values, dtype=frame[name].dtype))
    return frame, fresh


def _same(value: str | float | None, text: str) -> bool:
    if isinstance(value, float | int):
        try:
            return float(text) == float(value)
        except ValueError:
            return False
    return (value or "") == text
