"""A run for another backend than PyTorch: converted once, kept in the cache, checked before anybody gets it."""

import hashlib
from pathlib import Path

import numpy as np
import torch

import maskwise
from maskwise.data.folders import cache_folder
from maskwise.data.randomness import keyed_generator
from maskwise.deployment.checking import TOLERANCE
from maskwise.deployment.merging import Merged, merge_run
from maskwise.deployment.writing import staged, to_onnx, write_onnx
from maskwise.errors import InputError
from maskwise.files import locked
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.openvino_engine import OpenVinoEngine
from maskwise.inference.predicting import model_identity

_PHOTOS = 8
_WAIT_SECONDS = 600
"""For another process that converts the same run."""


def converted(run: Path) -> Path:
    """A run as an ONNX file in the cache, which ONNX Runtime and OpenVINO compute.

    `export` checks its file on held-out photos; here there may be no data, and random pixels must do.

    Raises:
        InputError: when the run can't be read, a package is missing, or the file says something else than the run.
        MaskwiseError: when it can't be written.
    """
    identity = {**model_identity(run), "name": run.resolve().name, "maskwise": maskwise.__version__}
    digest = hashlib.blake2b(repr(sorted(identity.items())).encode(), digest_size=16).hexdigest()
    path = cache_folder() / "converted" / f"{digest}.onnx"
    with locked(path.with_suffix(".lock"), f"the converted {run}", wait=_WAIT_SECONDS):
        if not path.is_file():
            merged = merge_run(run)
            model = to_onnx(merged.graph)
            with staged(path) as stage:
                write_onnx(model, stage, merged.card)
                _check(merged, stage, run)
    return path


def _check(merged: Merged, path: Path, run: Path) -> None:
    random = keyed_generator(0, "conversion")
    pixels = [
        random.integers(0, 256, (_PHOTOS, *transform.output_size, 3), dtype=np.uint8)
        for transform in merged.graph.transforms
    ]
    with torch.inference_mode():
        expected = merged.predictor.engine.probabilities(pixels)
    for engine in (OnnxEngine(path), OpenVinoEngine(path)):
        differs = float(np.abs(engine.probabilities(pixels) - expected).max())
        if not differs <= TOLERANCE:
            raise InputError(
                f"Expected {engine.backend} to say what {run} says, got probabilities that differ by up to "
                f"{differs:.2g}: use --backend torch."
            )
