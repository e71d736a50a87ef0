"""Open a run in another backend than PyTorch: converted once, kept in the cache folder, checked at every opening."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import torch

import maskwise
from maskwise.data.cache_folder import cache_folder
from maskwise.errors import InputError
from maskwise.export.compare_with_run import TOLERANCE
from maskwise.export.export_format import FileEngine
from maskwise.export.merge_run import MergedRun, merge_run
from maskwise.export.onnx_format import to_onnx, write_onnx
from maskwise.export.staged_file import staged
from maskwise.files import locked
from maskwise.inference.onnx_engine import OnnxEngine, import_onnxruntime
from maskwise.inference.openvino_engine import OpenVinoEngine, import_openvino
from maskwise.inference.prediction_files import model_identity
from maskwise.randomness import keyed_generator
from maskwise.runs.run import Run

_PHOTOS = 4
_WAIT_SECONDS = 600
"""How long to wait for another process that converts the same run."""


def open_converted(run: Run, backend: Literal["onnxruntime", "openvino"]) -> FileEngine:
    """The engine of a run in ONNX Runtime or OpenVINO; both compute the ONNX file that the cache has of the run.

    `export` checks its file on the run's photos. Here the data may be missing, so that the check takes random pixels;
    it is repeated at every opening, because packages, the processor or the cached file may have changed.

    Raises:
        InputError: when the run can't be read or converted, a package is missing, or the backend does not give the
            run's probabilities.
        MaskwiseError: when the cache can't be written.
    """
    create: type[FileEngine]
    import_package, create = (
        (import_openvino, OpenVinoEngine) if backend == "openvino" else (import_onnxruntime, OnnxEngine)
    )
    import_package()  # a missing package is reported before the conversion, which takes seconds
    merged = merge_run(run, device=torch.device("cpu"))
    path = _converted(run, merged)
    try:
        engine = create(path)
    except InputError:
        path.unlink(missing_ok=True)  # the cached file is broken: convert again
        engine = create(_converted(run, merged))
    _check(merged, engine, run)
    return engine


def _converted(run: Run, merged: MergedRun) -> Path:
    identity = {**model_identity(run), "name": run.name, "maskwise": maskwise.__version__}
    digest = hashlib.blake2b(repr(sorted(identity.items())).encode(), digest_size=16).hexdigest()
    path = cache_folder() / "converted" / f"{digest}.onnx"
    if path.is_file():
        return path
    with locked(path.with_suffix(".lock"), f"the converted {run.path}", wait=_WAIT_SECONDS):
        if not path.is_file():  # otherwise another process has written it meanwhile
            model = to_onnx(merged.graph)
            with staged(path) as stage:
                write_onnx(model, stage, merged.card)
    return path


def _check(merged: MergedRun, engine: FileEngine, run: Run) -> None:
    random = keyed_generator(0, "conversion")
    pixels = [
        random.integers(0, 256, (_PHOTOS, *transform.output_size, 3), dtype=np.uint8)
        for transform in merged.graph.transforms
    ]
    expected = merged.predictor.engine.probabilities(pixels)
    difference = float(np.abs(engine.probabilities(pixels) - expected).max())
    if not difference <= TOLERANCE:
        raise InputError(
            f"Expected {engine.backend} to give the probabilities of {run.path} within {TOLERANCE:g}, got "
            f"differences of up to {difference:.2g}: use the backend torch.",
            setting="backend",
        )
