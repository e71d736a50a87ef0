"""Where predictions may go: never over their input, or over what is not an earlier output."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from maskwise.data.competition import EVAL_FILE, eval_folders
from maskwise.errors import InputError

PREDICTION_START = ("photo", "class")
SUBMISSION_COLUMNS = ("ImageID", "ans")


def check_prediction_target(out: Path, sources: Sequence[str]) -> None:
    """Check that predictions of `sources` may be written to `out`.

    Raises:
        InputError: when it is a source, no .csv or .parquet, or holds anything but earlier predictions.
    """
    if out.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"Expected --out to end in .csv or .parquet, got {out}.")
    if any(_same(Path(source), out) for source in sources):
        raise InputError(f"Expected --out to be another file than what is predicted, got {out}.")
    _check_replaceable(out, PREDICTION_START, "predictions")


def submission_targets(data: Path, out: Path) -> dict[Path, Path]:
    """The folders with an `info.csv` and the submission each gets.

    One folder gets `out` itself; `public/` and `private/` get `<out>-public.csv` and `<out>-private.csv`.

    Raises:
        InputError: when `data` has no `info.csv`, or a submission may not be written there.
    """
    folders = eval_folders(data) if data.is_dir() else {}
    if not folders:
        raise InputError(
            f"{data}: expected {EVAL_FILE} beside images/, or in public/ and private/, got neither."
        )
    if len(folders) == 1:
        targets = {next(iter(folders.values())): out}
    else:
        targets = {
            folder: out.with_name(f"{out.stem}-{name}{out.suffix}") for name, folder in folders.items()
        }
    for folder, target in targets.items():
        check_submission_target(target, folder)
    return targets


def check_submission_target(out: Path, folder: Path) -> None:
    """Check that the submission of a folder may be written to `out`.

    Raises:
        InputError: when it is the folder's `info.csv`, no .csv, or holds anything but an earlier submission.
    """
    if _same(folder / EVAL_FILE, out):
        raise InputError(f"Expected --out to be another file than {folder / EVAL_FILE}, got {out}.")
    if out.suffix.lower() != ".csv":
        raise InputError(f"Expected --out to end in .csv, got {out}.")
    _check_replaceable(out, SUBMISSION_COLUMNS, "a submission")


def _check_replaceable(out: Path, columns: tuple[str, ...], what: str) -> None:
    if out.is_dir():
        raise InputError(f"Expected --out to be a file, got the folder {out}.")
    if not out.exists():
        return
    try:
        reader = pl.read_csv if out.suffix.lower() == ".csv" else pl.read_parquet
        found = tuple(reader(out, glob=False, n_rows=0).columns)
    except (OSError, pl.exceptions.PolarsError):
        found = ()
    if found[: len(columns)] != columns:
        raise InputError(
            f"Expected --out to be new, or to hold {what} that may be replaced, got {out} with something else in it."
        )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.exists() and one.resolve() == other.resolve()
    except (OSError, ValueError):
        return False
