"""Open a run or an exported file for prediction in any backend."""

from typing import Literal

from maskwise.errors import InputError
from maskwise.export.backend_cache import open_converted
from maskwise.export.export_format import FileEngine
from maskwise.inference.exported import ExportedFile, Model
from maskwise.inference.load_run import load_predictor
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.openvino_engine import OpenVinoEngine
from maskwise.inference.predictor import Predictor
from maskwise.runs.run import Run

Backend = Literal["torch", "onnxruntime", "openvino"]
BACKENDS: tuple[Backend, ...] = ("torch", "onnxruntime", "openvino")


def open_predictor(model: Model, backend: Backend | None = None) -> Predictor:
    """The predictor of a run or of an exported file.

    Args:
        model: a run, or an exported file.
        backend: what computes; by default PyTorch for a run, and for an exported file the backend of its format. For
            another backend than PyTorch a run is converted once, which takes seconds.

    Raises:
        InputError: when the model is broken, or the backend can't compute it or is not installed.
        MaskwiseError: when a run has to be converted and the cache can't be written.
    """
    if isinstance(model, Run):
        if backend is None or backend == "torch":
            return load_predictor(model)
        engine = open_converted(model, backend)
    else:
        engine = _open_file(model, backend)
    return Predictor(engine.card, engine)


def _open_file(exported: ExportedFile, backend: Backend | None) -> FileEngine:
    if backend == "torch":
        raise InputError(
            f"Expected a run for the backend torch, got the exported file {exported.path}.", setting="backend"
        )
    if backend == "openvino" or (backend is None and exported.kind == "openvino"):
        return OpenVinoEngine(exported.path)
    if exported.kind != "onnx":
        raise InputError(
            f"Expected an ONNX file for the backend onnxruntime, got {exported.path}: export the run as onnx.",
            setting="backend",
        )
    return OnnxEngine(exported.path)
