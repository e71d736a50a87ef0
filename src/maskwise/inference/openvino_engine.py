"""An exported model in OpenVINO: its own format, or ONNX, which it reads too."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from maskwise.data.decoding import Pixels
from maskwise.data.decoding_pool import default_workers
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError, in_short
from maskwise.extras import import_extra
from maskwise.inference.engine import Probabilities
from maskwise.inference.exported import KEY, ExportedCard, Shape, parse_card


class OpenVinoEngine:
    """Computes on the CPU in single precision: by itself OpenVINO would take bfloat16 where the processor has it."""

    backend = "openvino"

    def __init__(self, path: Path, threads: int | None = None) -> None:
        openvino = import_openvino()
        core = openvino.Core()
        try:
            model = core.read_model(str(path))
        except RuntimeError as error:
            reason = in_short(error)
            raise InputError(f"{path}: expected a model for OpenVINO, got: {reason}.") from error
        self.card: ExportedCard = parse_card(
            _metadata(model, path), path, [_shape(port) for port in model.inputs], _shape(model.outputs[0])
        )
        settings = {
            "INFERENCE_NUM_THREADS": threads or default_workers(),
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
        }
        try:
            self._model: Any = core.compile_model(model, "CPU", settings)
        except RuntimeError as error:
            reason = in_short(error)
            raise InputError(f"{path}: expected a model that OpenVINO can compute, got: {reason}.") from error

    @property
    def transforms(self) -> tuple[TransformSpec, ...]:
        """How photos are to be transformed, one an input."""
        return self.card.transforms

    def probabilities(self, images: Sequence[Pixels]) -> Probabilities:
        """Joint probabilities (N, C) of photos (N, height, width, 3), once for each input."""
        outputs = self._model(list(images))
        return np.array(outputs[0], dtype=np.float32)  # a copy: OpenVINO writes into the same memory again


def _shape(port: Any) -> Shape:  # noqa: ANN401 - OpenVINO is not typed
    return tuple(size.get_length() if size.is_static else None for size in port.partial_shape)


def _metadata(model: Any, path: Path) -> str | None:  # noqa: ANN401 - OpenVINO is not typed
    if model.has_rt_info(KEY):
        return str(model.get_rt_info(KEY).value)
    if path.suffix.lower() != ".onnx":
        return None
    onnx = import_extra("onnx", "the package onnx to read an ONNX model's metadata", "export")
    found = {
        entry.key: entry.value for entry in onnx.load(str(path), load_external_data=False).metadata_props
    }
    return found.get(KEY)


def import_openvino() -> Any:  # noqa: ANN401 - a module that is not always there
    """OpenVINO.

    Raises:
        InputError: when it is not installed.
    """
    return import_extra("openvino", "OpenVINO for this", "export")
