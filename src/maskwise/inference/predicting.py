"""`predict` and `submit`: from photos to one finished file."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl

from maskwise.data.competition import EVAL_FILE, read_eval
from maskwise.errors import InputError
from maskwise.files import atomic_path, locked, printable
from maskwise.inference.choice import Choice
from maskwise.inference.exported import exported_file
from maskwise.inference.members import run_identity
from maskwise.inference.outputs import check_prediction_target, check_submission_target
from maskwise.inference.predictor import Predictor
from maskwise.inference.rows import predict_in_parts
from maskwise.inference.sources import iterate_photos
from maskwise.labels.space import LabelSpace
from maskwise.models.ensemble import FILE as ENSEMBLE_FILE
from maskwise.models.tuned_decision import FILE as DECISION_FILE

Progress = Callable[[int], None]


def predict_to_file(
    run: Path,
    predictor: Predictor,
    sources: Sequence[str],
    out: Path,
    *,
    choice: Choice | None = None,
    progress: Progress | None = None,
    begun: Callable[[], None] = lambda: None,
) -> tuple[int, int, int]:
    """Predict every photo of the sources into a CSV or Parquet file.

    Memory does not grow with the number of photos, but for their names: those of one folder are sorted. A killed call
    is gone on with by the same call. `begun` is called when nobody else can write to `out`.

    Returns:
        Photos in all, photos with an error, photos that an earlier call had done.

    Raises:
        InputError: when a source does not exist, or `out` may not be written or is being written.
    """
    check_prediction_target(out, sources)
    photos, named = partial(_named, sources), sources_of(sources)
    with _in_parts(run, predictor, photos, named, out, choice, progress, begun) as (parts, resumed):
        table = pl.scan_parquet(parts, glob=False)
        with atomic_path(out) as temporary:
            if out.suffix.lower() == ".csv":
                table.sink_csv(temporary)
            else:
                table.sink_parquet(temporary, metadata={"schema": "1"})
        counts = table.select(pl.len(), pl.col("error").is_not_null().sum().alias("errors")).collect()
    return int(counts["len"][0]), int(counts["errors"][0]), resumed


@contextmanager
def _in_parts(
    run: Path,
    predictor: Predictor,
    photos: Callable[[], Iterator[tuple[str, Path]]],
    sources: str,
    out: Path,
    choice: Choice | None,
    progress: Progress | None,
    begun: Callable[[], None],
) -> Iterator[tuple[list[Path], int]]:
    """Predictions beside `out`, locked while the block makes one file of them, then removed.

    Gives the parts, and how many photos an earlier call had done.
    """
    identity = {**model_identity(run), "backend": predictor.engine.backend, "sources": sources}
    with locked(lock_file(out), str(out)):
        begun()
        yield predict_in_parts(
            predictor,
            photos,
            parts_folder(out),
            choice=choice or Choice(predictor.card.decision),
            identity=identity,
            progress=progress,
        )
        shutil.rmtree(parts_folder(out))


def sources_of(sources: Sequence[str]) -> str:
    """What tells one call's photos from another's; resolved, as the same relative names mean others elsewhere."""
    return "\n".join(printable(Path(source).absolute()) for source in sources)


def submission_sources(folder: Path) -> str:
    """What tells one submission's photos from another's."""
    listed = hashlib.blake2b((folder / EVAL_FILE).read_bytes(), digest_size=16).hexdigest()
    return f"{folder.resolve()}:{listed}"


def model_identity(run: Path) -> dict[str, str]:
    """What tells one model from another: weights, how members are combined and what was fitted."""
    exported = exported_file(run)
    if exported is not None:
        return {"run": exported.identity, "voices": ""}
    return {"run": run_identity(run), "voices": _voices(run)}


def _voices(run: Path) -> str:
    """A digest of how a run's members are combined and what was fitted: other voices, other parts."""
    digest = hashlib.blake2b(digest_size=16)
    for name in (ENSEMBLE_FILE, DECISION_FILE):
        if (run / name).is_file():
            digest.update((run / name).read_bytes())
    return digest.hexdigest()


def parts_folder(out: Path) -> Path:
    """Where the parts of an unfinished file are kept."""
    return out.with_name(f"{out.name}.parts")


def lock_file(out: Path) -> Path:
    """The lock of a file that is being written."""
    return out.with_name(f".{out.name}.lock")


def _named(sources: Sequence[str]) -> Iterator[tuple[str, Path]]:
    for path in iterate_photos(sources):
        yield printable(path), path


def submission_length(folder: Path, space: LabelSpace) -> int:
    """The number of rows that a submission must have."""
    return len(read_eval(folder, space))


def write_submission(
    run: Path,
    predictor: Predictor,
    folder: Path,
    out: Path,
    *,
    choice: Choice | None = None,
    progress: Progress | None = None,
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
    sources = submission_sources(folder)
    with _in_parts(run, predictor, lambda: iter(pairs), sources, out, choice, progress, begun) as (parts, _):
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
