"""What a format to export to consists of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwise.inference.exported import ExportedCard
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.openvino_engine import OpenVinoEngine

FormatModel = Any
"""A model in memory: `onnx.ModelProto` or `openvino.Model`, which are not typed."""

FileEngine = OnnxEngine | OpenVinoEngine
"""Computes an exported file; its card is the file's metadata."""


@dataclass(frozen=True)
class ExportFormat:
    """A format of exported files.

    Attributes:
        name: as users give it.
        suffix: of its files.
        packages: of the extra `export` that it needs beside those for ONNX.
        from_onnx: converts an ONNX model into the format's own.
        write: writes a model with its metadata.
        open_engine: the engine that computes a file.
    """

    name: str
    suffix: str
    packages: tuple[str, ...]
    from_onnx: Callable[[FormatModel], FormatModel]
    write: Callable[[FormatModel, Path, ExportedCard], None]
    open_engine: Callable[[Path], FileEngine]
