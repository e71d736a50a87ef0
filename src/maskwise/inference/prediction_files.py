"""`predict` and `submit`: from photos to one finished file."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl

from maskwise.data.readers.csv_text import guarded_columns
from maskwise.files import atomic_path, locked, printable
from maskwise.inference.decision import Choice
from maskwise.inference.exported import ExportedFile, Model
from maskwise.inference.output_checks import check_prediction_target
from maskwise.inference.photo_paths import iterate_photos
from maskwise.inference.predictor import Predictor
from maskwise.inference.resumable_parts import predict_in_parts
from maskwise.reporter import SILENT, Progress, Reporter
from maskwise.runs.run import Run


def predict_to_file(
    model: Model,
    predictor: Predictor,
    sources: Sequence[str],
    out: Path,
    *,
    choice: Choice | None = None,
    reporter: Reporter = SILENT,
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
    progress = reporter.progress("predicting")
    with prediction_parts(model, predictor, photos, named, out, choice, progress, begun) as (parts, resumed):
        table = pl.scan_parquet(parts, glob=False)
        with atomic_path(out) as temporary:
            if out.suffix.lower() == ".csv":
                text = [name for name, kind in table.collect_schema().items() if kind == pl.String]
                table.with_columns(guarded_columns(text)).sink_csv(temporary)
            else:
                table.sink_parquet(temporary, metadata={"schema": "1"})
        counts = table.select(pl.len(), pl.col("error").is_not_null().sum().alias("errors")).collect()
    return int(counts["len"][0]), int(counts["errors"][0]), resumed


@contextmanager
def prediction_parts(
    model: Model,
    predictor: Predictor,
    photos: Callable[[], Iterator[tuple[str, Path]]],
    sources: str,
    out: Path,
    choice: Choice | None,
    progress: Progress,
    begun: Callable[[], None],
) -> Iterator[tuple[list[Path], int]]:
    """Predictions in a folder next to `out`, locked while the block makes one file of them, then removed.

    Gives the parts, and how many photos an earlier call had done.
    """
    identity = {**model_identity(model), "backend": predictor.engine.backend, "sources": sources}
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
    """What distinguishes one call's photos from another's; absolute, as relative names mean other files elsewhere."""
    return "\n".join(printable(Path(source).absolute()) for source in sources)


def model_identity(model: Model) -> dict[str, str]:
    """What distinguishes one model from another: weights, how members are combined and what was fitted."""
    if isinstance(model, ExportedFile):
        return {"run": model.identity, "voices": ""}
    return {"run": model.weights, "voices": _combination(model)}


def _combination(run: Run) -> str:
    """A digest of how a run's members are combined and what was fitted: with others, parts are made anew."""
    digest = hashlib.blake2b(digest_size=16)
    for path in (run.folder.ensemble, run.folder.decision):
        if path.is_file():
            digest.update(path.read_bytes())
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
