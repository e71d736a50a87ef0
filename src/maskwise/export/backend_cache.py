"""A run for another backend than PyTorch: converted once, kept in the cache, checked whenever it is opened."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import torch

import maskwise
from maskwise.data.cache_folder import cache_folder
from maskwise.errors import InputError
from maskwise.export.model_source import Merged, merge_run
from maskwise.export.verification import TOLERANCE
from maskwise.export.writers import staged, to_onnx, write_onnx
from maskwise.files import locked
from maskwise.inference.onnx_engine import OnnxEngine, import_onnxruntime
from maskwise.inference.openvino_engine import OpenVinoEngine, import_openvino
from maskwise.inference.prediction_files import model_identity
from maskwise.randomness import keyed_generator
from maskwise.runs.run import Run

_PHOTOS = 4
_WAIT_SECONDS = 600
"""For another process that converts the same run."""

FileEngine = OnnxEngine | OpenVinoEngine
"""What computes a file, and has its card."""


def open_converted(run: Run, backend: Literal["onnxruntime", "openvino"]) -> FileEngine:
    """A run in ONNX Runtime or OpenVINO, which both compute the ONNX file that the cache keeps of it.

    `export` checks its file on held-out photos; here there may be no data, and random pixels must do, at each opening,
    because packages, processors and what is cached change.

    Raises:
        InputError: when the run can't be read or converted, a package is missing, or the backend's probabilities differ
            from the run's.
        MaskwiseError: when the cache can't be written.
    """
    create: type[FileEngine]
    needed, create = (
        (import_openvino, OpenVinoEngine) if backend == "openvino" else (import_onnxruntime, OnnxEngine)
    )
    needed()  # a missing package is reported before the seconds that a conversion takes
    merged = merge_run(run, device=torch.device("cpu"))
    path = _converted(run, merged)
    try:
        engine = create(path)
    except InputError:
        path.unlink(missing_ok=True)  # broken, and the cache's own: made again
        engine = create(_converted(run, merged))
    _check(merged, engine, run)
    return engine


def _converted(run: Run, merged: Merged) -> Path:
    identity = {**model_identity(run), "name": run.name, "maskwise": maskwise.__version__}
    digest = hashlib.blake2b(repr(sorted(identity.items())).encode(), digest_size=16).hexdigest()
    path = cache_folder() / "converted" / f"{digest}.onnx"
    if path.is_file():
        return path
    with locked(path.with_suffix(".lock"), f"the converted {run.path}", wait=_WAIT_SECONDS):
        if not path.is_file():  # else another process has made it meanwhile
            model = to_onnx(merged.graph)
            with staged(path) as stage:
                write_onnx(model, stage, merged.card)
    return path


def _check(merged: Merged, engine: FileEngine, run: Run) -> None:
    random = keyed_generator(0, "conversion")
    pixels = [
        random.integers(0, 256, (_PHOTOS, *transform.output_size, 3), dtype=np.uint8)
        for transform in merged.graph.transforms
    ]
    expected = merged.predictor.engine.probabilities(pixels)
    differs = float(np.abs(engine.probabilities(pixels) - expected).max())
    if not differs <= TOLERANCE:
        raise InputError(
            f"Expected {engine.backend} to compute what {run.path} computes, got probabilities that differ by up to "
            f"{differs:.2g}: use --backend torch."
        )
