"""Open a run or an exported file in any backend: a named one, its own, or the fastest by measurement."""

import time
from collections.abc import Callable
from typing import Literal

import numpy as np

from maskwise.errors import InputError, MaskwiseError
from maskwise.export.backend_cache import FileEngine, open_converted
from maskwise.inference.exported import ExportedFile, Model
from maskwise.inference.load_run import load_predictor
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.openvino_engine import OpenVinoEngine
from maskwise.inference.predictor import Predictor
from maskwise.runs.run import Run

Backend = Literal["torch", "onnxruntime", "openvino"]
BACKENDS: tuple[Backend, ...] = ("torch", "onnxruntime", "openvino")
_ROUNDS, _BATCH = 5, 32


def open_predictor(model: Model, backend: Backend | None = None) -> Predictor:
    """The predictor of a run or of an exported file.

    Args:
        model: a run, or an exported file.
        backend: what computes; by default PyTorch for a run, and for an exported file the backend it was made for. For
            another than PyTorch a run is converted once, which takes seconds.

    Raises:
        InputError: when the model is broken, or the backend can't compute it or is not installed.
        MaskwiseError: when a run is to be converted and the cache can't be written.
    """
    if isinstance(model, Run):
        if backend is None or backend == "torch":
            return load_predictor(model)
        engine = open_converted(model, backend)
    else:
        engine = _engine(model, backend)
    return Predictor(engine.card, engine)


def _engine(exported: ExportedFile, backend: Backend | None) -> FileEngine:
    if backend == "torch":
        raise InputError(f"Expected a run for --backend torch, got the exported file {exported.path}.")
    if backend == "openvino" or (backend is None and exported.kind == "openvino"):
        return OpenVinoEngine(exported.path)
    if exported.kind != "onnx":
        raise InputError(
            f"Expected an ONNX file for --backend onnxruntime, got {exported.path}: export --to onnx makes one."
        )
    return OnnxEngine(exported.path)


def fastest_backend(model: Model, say: Callable[[str], None]) -> tuple[Backend, dict[str, float]]:
    """The backend that computes a model fastest here, and the photos per second of each, measured in turns, medians.

    Args:
        model: a run, or an exported file.
        say: called with the reason why a backend can't compute the model.

    Raises:
        InputError: when no backend can compute it.
    """
    backends = BACKENDS if isinstance(model, Run) else BACKENDS[1:]
    predictors: dict[Backend, Predictor] = {}
    reasons = list[str]()
    for backend in backends:
        try:
            predictors[backend] = open_predictor(model, backend)
        except MaskwiseError as error:  # a cache that can't be written is no end either
            reasons.append(str(error))
    if not predictors:
        raise InputError(reasons[0])
    for reason in dict.fromkeys(reasons):
        say(reason)
    seconds: dict[Backend, list[float]] = {backend: [] for backend in predictors}
    for _ in range(_ROUNDS):
        for backend, predictor in predictors.items():
            images = [
                np.zeros((_BATCH, *t.output_size, 3), dtype=np.uint8) for t in predictor.engine.transforms
            ]
            begin = time.perf_counter()
            predictor.engine.probabilities(images)
            seconds[backend].append(time.perf_counter() - begin)
    rates = {backend: _BATCH / float(np.median(taken[1:])) for backend, taken in seconds.items()}
    return max(predictors, key=lambda backend: rates[backend]), {str(k): v for k, v in rates.items()}
