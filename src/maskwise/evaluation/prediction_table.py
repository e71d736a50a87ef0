"""Predictions of any model of any framework, read from files and joined with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from maskwise.data.readers.large_csv import read_large_csv
from maskwise.errors import InputError
from maskwise.tasks.spelling import normalized_series

KEY = "photo"
ROW_GROUPS = "none"
"""Given as the group column, it says that each row is a group of its own."""

_NOT_PREDICTED = {KEY, "person", "id", "split", "fold", "source", "confidence", "decision", "error", "class"}
_MOST_MISSING = 3


@dataclass(frozen=True)
class PredictedColumn:
    """One predicted property: its true and its predicted values as text (N,)."""

    name: str
    y_true: pl.Series
    y_pred: pl.Series


@dataclass(frozen=True)
class PredictionTable:
    """A model's predictions beside the truth, row by row.

    Attributes:
        path: the file of predictions.
        columns: what was predicted.
        groups: the group of each row (N,) as text; None where each row is its own.
        group: the name of the group column, `none` where each row is its own.
        rows: all columns of the predictions (N), in the same order, such as probabilities.
        notes: what a reader of the scores must know.
    """

    path: Path
    columns: tuple[PredictedColumn, ...]
    groups: pl.Series | None
    group: str
    rows: pl.DataFrame
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """How many rows are scored."""
        return self.rows.height


def read_prediction_table(
    predictions: Path, truth: Path | None, *, group: str | None, columns: Sequence[str] = ()
) -> PredictionTable:
    """Read predictions and join them with the truth, by `photo` where both have it, else by order.

    Args:
        predictions: a CSV, Parquet or JSON Lines file with the columns of the truth (or `y_pred`), or with `y_true`
            and `y_pred`.
        truth: the file with the true values (or `y_true`); None where the predictions hold `y_true`.
        group: the column of the group, in either file; `none` says each row is its own; None looks for `group` and
            `person`.
        columns: what is scored; by default every column that both files have.

    Raises:
        InputError: when a file can't be read, rows don't match, or a column is missing or has an empty cell.
    """
    predicted = _read(predictions)
    if truth is None:
        if not {"y_true", "y_pred"} <= set(predicted.columns):
            raise InputError(
                f"Expected {predictions} to have the columns y_true and y_pred, got {_names(predicted)}: name the file "
                "with the true values.",
                setting="truth",
            )
        known, joined = predicted, predicted
    else:
        known = _read(truth)
        joined = _join(predicted, predictions, known, truth)
    pairs = _pairs(predicted, predictions, known, truth, columns)
    name, groups = _groups(joined, known, predictions, truth, group)
    scored = tuple(
        PredictedColumn(
            "y" if left == "y_true" else left, known[left].str.strip_chars(), joined[right].str.strip_chars()
        )
        for left, right in pairs
    )
    return _known_rows(PredictionTable(predictions, scored, groups, name, joined), truth or predictions)


def check_same_rows(tables: Sequence[PredictionTable]) -> list[PredictionTable]:
    """Check that tables have the same truth and groups, and keep the rows that all of them have.

    Raises:
        InputError: when they predict different columns, or their true values or groups differ.
    """
    first = tables[0]
    for table in tables[1:]:
        if [c.name for c in table.columns] != [c.name for c in first.columns]:
            raise InputError(
                f"Expected {table.path} to predict {', '.join(c.name for c in first.columns)} as {first.path} does, "
                f"got {', '.join(c.name for c in table.columns)}."
            )
        if table.n_rows != first.n_rows:
            raise InputError(
                f"Expected {table.path} to have predictions for the {first.n_rows:,} rows of {first.path}, got "
                f"{table.n_rows:,}."
            )
        for mine, other in zip(table.columns, first.columns, strict=True):
            if differing := int((mine.y_true != other.y_true).sum()):
                raise InputError(
                    f"Expected {table.path} to have the true values of {first.path}, but {differing:,} of {mine.name} "
                    "differ: give both the same rows in the same order, or a photo column and a "
                    "file with the true values.",
                    setting="truth",
                )
        if (table.groups is None) != (first.groups is None) or (
            table.groups is not None and first.groups is not None and (table.groups != first.groups).any()
        ):
            raise InputError(f"Expected {table.path} to have the groups of {first.path}, but they differ.")
    return list(tables)


def _read(path: Path) -> pl.DataFrame:
    """Every column as text, an empty cell as an empty string."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        frame = read_large_csv(path)
        # `predict` guards names that a spreadsheet would take for formulas.
        guarded = r"^'([=+\-@\t\r'])"
        frame = frame.with_columns(pl.col(pl.String).str.replace(guarded, "$1"))
    elif suffix in (".parquet", ".jsonl"):
        try:
            frame = pl.read_parquet(path, glob=False) if suffix == ".parquet" else pl.read_ndjson(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            kind = "Parquet" if suffix == ".parquet" else "JSON Lines"
            raise InputError(
                f"Expected {path} to be a {kind} file, got: {' '.join(str(error).split())}."
            ) from error
        flat = [name for name, dtype in frame.schema.items() if not dtype.is_nested() and dtype != pl.Binary]
        frame = frame.select(pl.col(flat).cast(pl.String).fill_null(""))
    else:
        raise InputError(
            f"Expected {path} to end in .csv, .parquet or .jsonl, got {path.suffix or 'no ending'}."
        )
    if not frame.height:
        raise InputError(f"{path}: expected at least one row, got none.")
    return frame.with_columns(normalized_series(frame[name]) for name in frame.columns)


def _join(predicted: pl.DataFrame, predictions: Path, known: pl.DataFrame, truth: Path) -> pl.DataFrame:
    """The predictions (N) in the order of the truth."""
    keyed = [path for frame, path in ((predicted, predictions), (known, truth)) if KEY in frame.columns]
    if len(keyed) < 2:
        if predicted.height != known.height:
            raise InputError(
                f"Expected {predictions} to have as many rows as {truth} ({known.height:,}), got {predicted.height:,}: "
                f"rows are matched by order unless both files have a column {KEY}."
            )
        return predicted
    for frame, path in ((predicted, predictions), (known, truth)):
        repeated = frame[KEY].is_duplicated()
        if repeated.any():
            rows = repeated.arg_true()
            raise InputError(
                f"{path}, row {_line(path, int(rows[1]))}, column {KEY}: expected each photo once, got "
                f"{int(repeated.sum()):,} rows of repeated photos, such as {frame[KEY][int(rows[0])]!r}."
            )
    for have, have_path, want, want_path in (
        (predicted, predictions, known, truth),
        (known, truth, predicted, predictions),
    ):
        absent = want.filter(~pl.col(KEY).is_in(have[KEY].implode()))[KEY]
        if len(absent):
            some = ", ".join(absent.head(_MOST_MISSING).to_list())
            raise InputError(
                f"Expected {have_path} to have every photo of {want_path}, but {len(absent):,} are missing: {some}"
                f"{', ...' if len(absent) > _MOST_MISSING else ''}."
            )
    return known.select(KEY).join(predicted, on=KEY, how="left", maintain_order="left")


def _pairs(
    predicted: pl.DataFrame,
    predictions: Path,
    known: pl.DataFrame,
    truth: Path | None,
    columns: Sequence[str],
) -> list[tuple[str, str]]:
    """The columns of the true and of the predicted values."""
    if columns:
        for frame, path in ((predicted, predictions), (known, truth or predictions)):
            if missing := [name for name in columns if name not in frame.columns]:
                raise InputError(f"Expected {path} to have the column {missing[0]}, got {_names(frame)}.")
        return [(name, name) for name in columns]
    if "y_pred" in predicted.columns and "y_true" in known.columns:
        return [("y_true", "y_pred")]
    shared = [name for name in known.columns if name in predicted.columns and name not in _NOT_PREDICTED]
    shared = [name for name in shared if name != "group" and not name.startswith("p_")]
    if not shared:
        raise InputError(
            f"Expected {predictions} and {truth} to share a column with a property, or to have y_pred and y_true; got "
            f"{_names(predicted)} and {_names(known)}."
        )
    return [(name, name) for name in shared]


def _groups(
    joined: pl.DataFrame, known: pl.DataFrame, predictions: Path, truth: Path | None, group: str | None
) -> tuple[str, pl.Series | None]:
    if group == ROW_GROUPS:
        return ROW_GROUPS, None
    name = group or next((n for n in ("group", "person") if n in known.columns or n in joined.columns), None)
    if name is None:
        raise InputError(
            f"Expected a column that says which rows belong together, such as the patient, got {_names(known)}: "
            "name it, or none where each row is independent of all others.",
            setting="group",
        )
    files = ((known, truth or predictions), (joined, predictions))
    found = [(frame, path) for frame, path in files if name in frame.columns]
    if not found:
        raise InputError(f"Expected the group column {name} in {truth or predictions}, got {_names(known)}.")
    frame, path = found[0]
    groups = frame[name].str.strip_chars()
    empty = (groups == "").arg_true()
    if len(empty):
        raise InputError(
            f"{path}, row {_line(path, int(empty[0]))}, column {name}: expected a group, got an empty cell "
            f"({len(empty):,} such rows)."
        )
    if len(found) == 2 and truth is not None:
        other = joined[name].str.strip_chars()
        if differing := int((other != groups).sum()):
            raise InputError(
                f"Expected {predictions} and {truth} to agree about {name}, but {differing:,} rows differ."
            )
    return name, groups


def _known_rows(table: PredictionTable, truth: Path) -> PredictionTable:
    """The rows with a true and a predicted value of every column; what is left out is noted."""
    no_truth = pl.Series([False]).new_from_index(0, table.n_rows)
    no_prediction = no_truth
    for column in table.columns:
        no_truth = no_truth | (column.y_true == "")
        no_prediction = no_prediction | (column.y_pred == "")
    no_prediction = no_prediction & ~no_truth
    if no_prediction.any():
        row = int(no_prediction.arg_true()[0])
        where = f"photo {table.rows[KEY][row]!r}" if KEY in table.rows.columns else f"row {row + 1}"
        raise InputError(
            f"Expected {table.path} to have a prediction for every row with a true value, but "
            f"{int(no_prediction.sum()):,} are empty, such as that of {where}: predict them, or remove them from "
            f"{truth}."
        )
    if not no_truth.any():
        return table
    keep = ~no_truth
    if not keep.any():
        raise InputError(f"{truth}: expected at least one row with true values, got none.")
    columns = tuple(
        replace(column, y_true=column.y_true.filter(keep), y_pred=column.y_pred.filter(keep))
        for column in table.columns
    )
    groups = None if table.groups is None else table.groups.filter(keep)
    note = f"{int(no_truth.sum()):,} rows without a true value are not scored"
    return replace(
        table, columns=columns, groups=groups, rows=table.rows.filter(keep), notes=(*table.notes, note)
    )


def _line(path: Path, row: int) -> int:
    """The number of a row in its file: a CSV has a header line."""
    return row + (2 if path.suffix.lower() == ".csv" else 1)


def _names(frame: pl.DataFrame) -> str:
    return ", ".join(frame.columns[:12]) + (", ..." if len(frame.columns) > 12 else "")
