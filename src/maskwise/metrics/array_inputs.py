"""Checks and encodes the arrays that callers bring: labels, predictions, probabilities, groups."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.errors import InputError

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def encode_groups(groups: npt.ArrayLike | None, n_rows: int) -> tuple[Indices, int]:
    """Number the groups 0 to P - 1 in the order of their sorted names.

    Args:
        groups: the group of each row (N,), such as the patient; None when each row is a group of its own.
        n_rows: how many rows there are.

    Returns:
        The number of each row's group (N,), and P.

    Raises:
        InputError: when there are not N groups, or one is missing.
    """
    if groups is None:
        return np.arange(n_rows, dtype=np.int64), n_rows
    column = _column(groups, "groups")
    if len(column) != n_rows:
        raise InputError(f"Expected groups to have {n_rows:,} entries, one per row, got {len(column):,}.")
    names = _sorted_values([column], "groups")
    return _codes(column, names), len(names)


def encode_labels(
    columns: dict[str, npt.ArrayLike], labels: Sequence[object] | None
) -> tuple[dict[str, Indices], list[object]]:
    """Number the classes in several columns of labels and predictions in the same way.

    Args:
        columns: arrays (N,) of integers, booleans or strings by name, such as `y_true` and `y_pred`.
        labels: the classes in order; by default all values in the columns, sorted.

    Returns:
        Class indices (N,) of each column, and the classes (C,).

    Raises:
        InputError: when a column has another length, a missing value, or a value that is not among the labels.
    """
    series = {name: _column(values, name) for name, values in columns.items()}
    first, *others = series
    for name in others:
        if len(series[name]) != len(series[first]):
            raise InputError(
                f"Expected {name} to have as many entries as {first} ({len(series[first]):,}), "
                f"got {len(series[name]):,}."
            )
        if series[name].dtype != series[first].dtype:
            raise InputError(
                f"Expected {first} and {name} to hold values of one type, got {series[first].dtype} and "
                f"{series[name].dtype}: convert one of them."
            )
    if not len(series[first]):
        raise InputError(f"Expected {first} to have at least one entry, got none.")
    if labels is None:
        names = _sorted_values(list(series.values()), first)
    else:
        names = _column(np.asarray(labels), "labels").cast(series[first].dtype, strict=False)
        if names.is_duplicated().any() or names.null_count():
            raise InputError(
                f"Expected labels to be distinct values of type {series[first].dtype}, got {labels}."
            )
    for name, column in series.items():
        known = column.is_in(names.to_list())
        if not known.all():
            row = int((~known).arg_true()[0])
            raise InputError(
                f"Expected {name} to hold one of the {len(names)} labels, got {column[row]!r} in row {row}."
            )
    return {name: _codes(column, names) for name, column in series.items()}, names.to_list()


def check_probabilities(probabilities: npt.ArrayLike, n_rows: int, n_classes: int, name: str) -> Floats:
    """Probabilities (N, C) as floats.

    Raises:
        InputError: when the shape differs, a value lies outside 0 to 1, or a row does not sum to 1.
    """
    array = np.asarray(probabilities, dtype=np.float64)
    if array.shape != (n_rows, n_classes):
        raise InputError(
            f"Expected {name} to have the shape ({n_rows}, {n_classes}), rows x classes, got {array.shape}."
        )
    outside = ~((array >= 0) & (array <= 1)).all(axis=1)
    if outside.any():
        row = int(outside.argmax())
        raise InputError(f"Expected {name} to lie between 0 and 1, got {array[row].tolist()} in row {row}.")
    off = np.abs(array.sum(axis=1) - 1) > 0.01
    if off.any():
        row = int(off.argmax())
        raise InputError(
            f"Expected the probabilities of a row to sum to 1, got {array[row].sum():.4f} in row {row} of {name}: "
            "pass probabilities, not logits."
        )
    return array


def check_scores(scores: npt.ArrayLike, n_rows: int, name: str) -> Floats:
    """Finite scores (N,) as floats; a larger score means more likely positive.

    Raises:
        InputError: when there are not N of them, or one is not finite.
    """
    array = np.asarray(scores, dtype=np.float64)
    if array.shape != (n_rows,):
        raise InputError(f"Expected {name} to have the shape ({n_rows},), got {array.shape}.")
    bad = ~np.isfinite(array)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(f"Expected {name} to hold finite numbers, got {array[row]} in row {row}.")
    return array


def _column(values: npt.ArrayLike, name: str) -> pl.Series:
    """One-dimensional values as a polars series of integers or strings, without missing ones."""
    if isinstance(values, pl.Series):
        series = values
    else:
        array = np.asarray(values)
        if array.ndim != 1:
            raise InputError(f"Expected {name} to be one-dimensional, got the shape {array.shape}.")
        series = pl.Series(name, array.tolist() if array.dtype.kind in "OUS" else array, strict=False)
    if series.dtype == pl.Boolean or series.dtype.is_integer():
        series = series.cast(pl.Int64)
    elif series.dtype.is_float():
        whole = series.is_finite().fill_null(False) & (series == series.round()).fill_null(False)
        if not whole.all():
            row = int((~whole).arg_true()[0])
            raise InputError(
                f"Expected {name} to hold classes (integers or strings), got {series[row]!r} in row {row}."
            )
        series = series.cast(pl.Int64)
    elif series.dtype != pl.Null:
        series = series.cast(pl.String)
    if series.null_count():
        row = int(series.is_null().arg_true()[0])
        raise InputError(f"Expected {name} to have no missing values, got one in row {row}.")
    return series


def _sorted_values(columns: Sequence[pl.Series], name: str) -> pl.Series:
    return pl.concat([column.unique().rename(name) for column in columns]).unique().sort()


def _codes(column: pl.Series, names: pl.Series) -> Indices:
    """The place (N,) of each value among distinct names; every value is one of them."""
    if column.dtype == pl.String:  # hashing is several times faster than sorting a million strings
        return column.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
    values = names.to_numpy()
    order = np.argsort(values, kind="stable")
    places: Indices = order[np.searchsorted(values[order], column.to_numpy())].astype(np.int64)
    return places
