"""Where predictions may go: never over their input, or over what is not an earlier output."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from maskwise.errors import InputError

PREDICTION_START = ("photo", "class")


def check_prediction_target(out: Path, sources: Sequence[str]) -> None:
    """Check that predictions of `sources` may be written to `out`.

    Raises:
        InputError: when it is a source, no .csv or .parquet, or holds anything but earlier predictions.
    """
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"Expected the output to end in .csv or .parquet, got {out}.", setting="out")
    if any(same_file(Path(source), out) for source in sources):
        raise InputError(
            f"Expected the output to be another file than what is predicted, got {out}.", setting="out"
        )
    check_replaceable(out, PREDICTION_START, "predictions")


def check_replaceable(out: Path, columns: tuple[str, ...], what: str) -> None:
    """Check that a file is new, or an earlier output with these first columns.

    Raises:
        InputError: when it is anything else.
    """
    if out.is_dir():
        raise InputError(f"Expected the output to be a file, got the folder {out}.", setting="out")
    if not out.exists():
        return
    try:
        reader = pl.read_csv if out.suffix.lower() == ".csv" else pl.read_parquet
        found = tuple(reader(out, glob=False, n_rows=0).columns)
    except (OSError, pl.exceptions.PolarsError):
        found = ()
    if found[: len(columns)] != columns:
        raise InputError(
            f"Expected {out} to be new, or to hold {what} that may be replaced, but something else is in it.",
            setting="out",
        )


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same existing file."""
    try:
        return one.exists() and one.resolve() == other.resolve()
    except (OSError, ValueError):
        return False
