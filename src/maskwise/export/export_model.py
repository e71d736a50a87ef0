"""Export a run as one file, which is written only if it gives the run's predictions."""

from dataclasses import dataclass
from pathlib import Path

from maskwise.errors import InputError
from maskwise.export.check_photos import photos_to_check
from maskwise.export.compare_with_run import require_same
from maskwise.export.export_format import ExportFormat
from maskwise.export.export_packages import import_for_export
from maskwise.export.formats import find_format
from maskwise.export.int8_export import write_int8
from maskwise.export.merge_run import merge_run
from maskwise.export.onnx_format import to_onnx
from maskwise.export.staged_file import staged
from maskwise.export.write_checked import Target, write_checked
from maskwise.files import locked, write_text
from maskwise.inference.exported import INT8_STEM, Check, ExportedCard, exported_parts
from maskwise.reporter import SILENT, Reporter
from maskwise.reporting.model_card import read_model_card
from maskwise.runs.run import Run
from maskwise.runs.run_folder import CARD_FILE


@dataclass(frozen=True)
class Exported:
    """The file that was written, how it compares with the run, and its size in bytes."""

    path: Path
    check: Check
    bytes: int


def export(
    run: Run,
    out: Path,
    *,
    kind: str = "onnx",
    int8: bool = False,
    data: Path | None = None,
    reporter: Reporter = SILENT,
) -> Exported:
    """Write a run as one file, if its predictions are those of the run.

    Args:
        run: the run.
        out: the folder for the file.
        kind: the name of a format: `onnx`, or `openvino` (two files that belong together).
        int8: whether to use 8-bit integers, calibrated on training photos; refused where they cost too much.
        data: the run's data; by default where they were when it was trained.
        reporter: receives a message before each step, and the progress of predicting.

    Raises:
        InputError: when the run or its data can't be read, a package is missing, the file exists, or the check fails.
        MaskwiseError: when a file can't be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"Expected {out} to be a folder, got a file.", setting="out")
    chosen = find_format(kind)
    path = out / f"{INT8_STEM if int8 else 'model'}{chosen.suffix}"
    _check_packages(chosen, int8=int8)  # before the steps that take long
    reporter.message("merging the run into one graph ...")
    merged = merge_run(run, "int8" if int8 else "fp32")
    card = merged.card.model_copy(update={"model_card": read_model_card(run.path)})
    # One lock for all formats, because they share the model card.
    with locked(out / ".export.lock", f"the exports in {out}"), staged(path) as stage:
        _check_free(path, out / CARD_FILE, card, run)
        progress = reporter.progress("predicting the photos to check it on")
        photos = photos_to_check(run, merged.predictor, data, int8=int8, progress=progress)
        target = Target(stage, chosen, card, photos)
        model = chosen.from_onnx(to_onnx(merged.graph))
        if int8:
            check = write_int8(model, target, reporter)
        else:
            check = write_checked(model, target)
            require_same(check, path)
        if card.model_card is not None:
            write_text(out / CARD_FILE, card.model_card)
    size = sum(part.stat().st_size for part in exported_parts(path))
    return Exported(path, check, size)


def _check_packages(chosen: ExportFormat, *, int8: bool) -> None:
    for package in ("onnx", "onnxscript", *chosen.packages, *(["nncf"] if int8 else [])):
        import_for_export(package)


def _check_free(path: Path, model_card: Path, card: ExportedCard, run: Run) -> None:
    """Refuse to overwrite another export, or the model card of another model."""
    for part in exported_parts(path):
        if part.exists():
            raise InputError(
                f"Expected {part} to be free, but it exists: choose another folder.", setting="out"
            )
    if model_card.exists() and read_model_card(model_card.parent) != card.model_card:
        raise InputError(
            f"Expected {model_card} to be the card of {run.path}, but it is another model's: choose another folder.",
            setting="out",
        )
