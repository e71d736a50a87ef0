"""An exported model in ONNX Runtime."""

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


class OnnxEngine:
    """Computes on the CPU, or on a GPU where ONNX Runtime has one."""

    backend = "onnxruntime"

    def __init__(self, path: Path, threads: int | None = None) -> None:
        runtime = import_onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or default_workers()
        options.log_severity_level = 3
        try:
            self._session: Any = runtime.InferenceSession(
                str(path), options, providers=_providers(runtime.get_available_providers())
            )
        except Exception as error:
            reason = in_short(error)
            raise InputError(f"{path}: expected an ONNX model, got: {reason}.") from error
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        metadata = self._session.get_modelmeta().custom_metadata_map
        shapes = [_shape(entry.shape) for entry in self._session.get_inputs()]
        output = _shape(self._session.get_outputs()[0].shape)
        self.card: ExportedCard = parse_card(metadata.get(KEY), path, shapes, output)

    @property
    def transforms(self) -> tuple[TransformSpec, ...]:
        """How photos are to be transformed, one an input."""
        return self.card.transforms

    def probabilities(self, images: Sequence[Pixels]) -> Probabilities:
        """Joint probabilities (N, C) of photos (N, height, width, 3), once for each input."""
        (probabilities,) = self._session.run(None, dict(zip(self._inputs, images, strict=True)))
        return np.asarray(probabilities, dtype=np.float32)


def _shape(dimensions: Sequence[int | str | None]) -> Shape:
    """Dimensions that may be anything have a name in ONNX."""
    return tuple(size if isinstance(size, int) else None for size in dimensions)


def _providers(available: Sequence[str]) -> list[str]:
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    return [name for name in wanted if name in available]


def import_onnxruntime() -> Any:  # noqa: ANN401 - a module that is not always there
    """ONNX Runtime.

    Raises:
        InputError: when it is not installed.
    """
    return import_extra("onnxruntime", "ONNX Runtime for this", "export")
