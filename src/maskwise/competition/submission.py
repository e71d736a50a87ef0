"""The competition's submission: `ImageID,ans` for each row of an `info.csv`."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl

from maskwise.competition.reader import EVAL_FILE, eval_folders, read_eval
from maskwise.errors import InputError
from maskwise.files import atomic_path
from maskwise.inference.decision import Choice
from maskwise.inference.exported import Model
from maskwise.inference.output_checks import check_replaceable, same_file
from maskwise.inference.prediction_files import parts_folder, prediction_parts
from maskwise.inference.predictor import Predictor
from maskwise.reporter import SILENT, Reporter

SUBMISSION_COLUMNS = ("ImageID", "ans")


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
    if same_file(folder / EVAL_FILE, out):
        raise InputError(
            f"Expected the submission to be another file than {folder / EVAL_FILE}, got {out}.", setting="out"
        )
    if out.suffix.lower() != ".csv":
        raise InputError(f"Expected the submission to end in .csv, got {out}.", setting="out")
    check_replaceable(out, SUBMISSION_COLUMNS, "a submission")


def submission_sources(folder: Path) -> str:
    """What tells one submission's photos from another's."""
    listed = hashlib.blake2b((folder / EVAL_FILE).read_bytes(), digest_size=16).hexdigest()
    return f"{folder.resolve()}:{listed}"


def write_submission(
    model: Model,
    predictor: Predictor,
    folder: Path,
    out: Path,
    *,
    choice: Choice | None = None,
    reporter: Reporter = SILENT,
    begun: Callable[[], None] = lambda: None,
) -> tuple[int, pl.DataFrame]:
    """Write `ImageID,ans` in the order and number of a folder's `info.csv`.

    A photo that can't be read gets the commonest class of the training photos: a submission has no gaps. `begun` is
    called when nobody else can write to `out`.

    Returns:
        The number of rows, and `photo` and `error` of the photos that could not be read.

    Raises:
        InputError: when no photo can be read, or `out` may not be written or is being written.
    """
    check_submission_target(out, folder)
    table = read_eval(folder, predictor.space)
    pairs = list(zip(table.frame["id"], table.paths, strict=True))
    sources, progress = submission_sources(folder), reporter.progress(f"predicting {folder.name}")
    with prediction_parts(model, predictor, lambda: iter(pairs), sources, out, choice, progress, begun) as (
        parts,
        _,
    ):
        rows = pl.scan_parquet(parts, glob=False).select("photo", "class", "error").collect()
        unread = rows.filter(pl.col("error").is_not_null()).select("photo", "error")
        if unread.height == rows.height:
            shutil.rmtree(parts_folder(out))
            raise InputError(
                f"Expected at least one photo of {folder} to be readable, got none of {rows.height}; "
                f"{unread['photo'][0]}: {unread['error'][0]}."
            )
        answers = rows.select(
            pl.col("photo").alias("ImageID"),
            pl.col("class").fill_null(predictor.card.commonest_class).alias("ans"),
        )
        with atomic_path(out) as temporary:
            answers.write_csv(temporary)
    return rows.height, unread
