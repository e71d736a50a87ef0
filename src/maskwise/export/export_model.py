"""`export`: a run as one small file, checked against the run before anybody can use it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from maskwise.data.decoding import PhotoError
from maskwise.data.photo_source import transform_photo
from maskwise.errors import InputError
from maskwise.export.model_source import merge_run
from maskwise.export.quantization import WAYS, leaves_nothing, quantize
from maskwise.export.verification import (
    LEAST_SAME,
    MOST_LOSS,
    CheckPhotos,
    check_same,
    compare_with_run,
    figures,
    holds,
    photos_to_check,
)
from maskwise.export.writers import (
    import_for_export,
    input_names,
    staged,
    to_onnx,
    to_openvino,
    write_onnx,
    write_openvino,
)
from maskwise.files import locked, write_text
from maskwise.inference.engine import Probabilities
from maskwise.inference.exported import INT8_STEM, Check, ExportedCard, exported_parts
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.openvino_engine import OpenVinoEngine
from maskwise.inference.predictor import Predictor
from maskwise.randomness import keyed_generator
from maskwise.reporting.model_card import read_model_card
from maskwise.runs.run import Run
from maskwise.runs.run_folder import CARD_FILE

Kind = Literal["onnx", "openvino"]
KINDS: tuple[Kind, ...] = ("onnx", "openvino")
_CALIBRATION_PHOTOS = 300
_FILES = {
    ("onnx", "fp32"): "model.onnx",
    ("onnx", "int8"): f"{INT8_STEM}.onnx",
    ("openvino", "fp32"): "model.xml",
    ("openvino", "int8"): f"{INT8_STEM}.xml",
}


@dataclass(frozen=True)
class Target:
    """What is written where, and what it is compared with."""

    path: Path
    kind: Kind
    card: ExportedCard
    photos: CheckPhotos


@dataclass(frozen=True)
class Exported:
    """What was written, and how it compares with the run."""

    path: Path
    check: Check
    bytes: int


def export(
    run: Run,
    out: Path,
    *,
    kind: Kind = "onnx",
    int8: bool = False,
    data: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Exported:
    """Write a run as one file, if it computes what the run computes.

    Args:
        run: the run.
        out: the folder for the file.
        kind: `onnx`, or `openvino` (two files that belong together).
        int8: 8-bit integers, calibrated on training photos; refused where it costs too much.
        data: where the run's data are, if not any more where it was trained.
        say: called with one line for each step.

    Raises:
        InputError: when the run or its data can't be read, a package is missing, the file exists, or the check fails.
        MaskwiseError: when a file can't be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"Expected --out to be a folder, got the file {out}.")
    path = out / _FILES[kind, "int8" if int8 else "fp32"]
    _check_packages(kind, int8=int8)  # reported before the long part
    say("merging the run into one graph")
    merged = merge_run(run, "int8" if int8 else "fp32")
    card = merged.card.model_copy(update={"model_card": read_model_card(run.path)})
    # One lock for all kinds: they share the card.
    with locked(out / ".export.lock", f"the exports in {out}"), staged(path) as stage:
        _check_free(path, out / CARD_FILE, card, run)
        say("looking at photos to check it on")
        photos = photos_to_check(run, merged.predictor, data, int8=int8)
        target = Target(stage, kind, card, photos)
        model = to_onnx(merged.graph)
        if int8:
            check = _write_int8(model, target, say)
        else:
            converted = to_openvino(model) if kind == "openvino" else model
            check = write_checked(converted, target)
            check_same(check, path)
        if card.model_card is not None:
            write_text(out / CARD_FILE, card.model_card)
    size = sum(part.stat().st_size for part in exported_parts(path))
    return Exported(path, check, size)


def _check_packages(kind: Kind, *, int8: bool) -> None:
    needed = ["onnx", "onnxscript", "openvino" if kind == "openvino" else "onnxruntime"]
    for package in [*needed, *(["nncf"] if int8 else [])]:
        import_for_export(package)


def _check_free(path: Path, theirs: Path, card: ExportedCard, run: Run) -> None:
    """Refuse to write over another export, or over another model's card."""
    for part in exported_parts(path):
        if part.exists():
            raise InputError(f"Expected {part} to be free, but it exists: choose another --out.")
    if theirs.exists() and read_model_card(theirs.parent) != card.model_card:
        raise InputError(
            f"Expected {theirs} to be that of {run.path}, but it is another's: choose another --out."
        )


def _write(model: Any, target: Target, card: ExportedCard) -> None:  # noqa: ANN401
    if target.kind == "onnx":
        write_onnx(model, target.path, card)
    else:
        write_openvino(model, target.path, card)


def _predict(target: Target) -> Probabilities:
    engine = OnnxEngine(target.path) if target.kind == "onnx" else OpenVinoEngine(target.path)
    return Predictor(engine.card, engine).predict_all(target.photos.paths)


def write_checked(model: Any, target: Target, quantized: str | None = None) -> Check:  # noqa: ANN401
    """Write the file, compare it with the run, and write the comparison into it too."""
    _write(model, target, target.card)
    check = compare_with_run(target.photos, _predict(target), target.card.space, target.card.decision)
    _write(model, target, target.card.model_copy(update={"check": check, "quantized": quantized}))
    return check


def _write_int8(model: Any, target: Target, say: Callable[[str], None]) -> Check:  # noqa: ANN401
    """The first of the ways to quantize that holds."""
    names = input_names(target.card.transforms)
    calibration = calibration_photos(target.photos.training, target.card)
    tried = list[Check]()
    source = to_openvino(model) if target.kind == "openvino" else model
    for way in WAYS:
        if way.float_depth and leaves_nothing(source, way):
            break
        say(f"quantizing on {len(calibration)} training photos, {way.told()}")
        check = write_checked(quantize(source, calibration, names, way), target, way.told())
        if holds(check):
            return check
        say(figures(check))
        tried.append(check)
    closest = max(tried, key=lambda check: check.same_class)
    raise InputError(
        f"Expected int8 to give the same class on {LEAST_SAME:.0%} of the photos and to cost at most {MOST_LOSS:g} "
        f"macro F1 at the lower end of its interval, got at best {figures(closest)}: it is not written. Use the "
        "file without --int8."
    )


def calibration_photos(paths: Sequence[Path], card: ExportedCard) -> list[list[Any]]:
    """Pixels of training photos, one an input, picked by their names alone; those that are broken by now are not.

    Raises:
        InputError: when none can be read.
    """
    pixels: list[list[Any]] = []
    for row in keyed_generator(0, "calibration").permutation(len(paths)).tolist():
        with suppress(PhotoError):
            pixels.append([transform_photo(paths[row], t)[np.newaxis] for t in card.transforms])
        if len(pixels) == _CALIBRATION_PHOTOS:
            break
    if not pixels:
        raise InputError(
            "Expected photos of two persons or more that the run was trained on, to calibrate int8 on and not to judge "
            "it by, got none that can be read: name its data with --data."
        )
    return pixels
