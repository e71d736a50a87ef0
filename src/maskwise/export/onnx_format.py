"""ONNX: convert a run's graph, and write it with its metadata."""

import copy
import tempfile
from pathlib import Path

import torch

from maskwise.errors import InputError, in_short
from maskwise.export.export_format import ExportFormat, FormatModel
from maskwise.export.export_packages import import_for_export, quiet
from maskwise.export.graph import OUTPUT_NAME, ExportGraph, input_names
from maskwise.inference.exported import KEY, ExportedCard
from maskwise.inference.onnx_engine import OnnxEngine


def to_onnx(graph: ExportGraph) -> FormatModel:
    """A run's graph as an ONNX model, for any number of photos.

    Raises:
        InputError: when a package is missing, or the backbone can't be converted.
    """
    onnx = import_for_export("onnx")
    import_for_export("onnxscript")
    graph = copy.deepcopy(graph).eval().cpu()  # a copy: the run's own predictor shares the modules
    photos = tuple(torch.zeros((2, *t.output_size, 3), dtype=torch.uint8) for t in graph.transforms)
    n = torch.export.Dim("photos", min=1)
    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "model.onnx"
        try:
            torch.onnx.export(
                graph,
                photos,
                path,
                dynamo=True,
                external_data=False,
                input_names=input_names(graph.transforms),
                output_names=[OUTPUT_NAME],
                dynamic_shapes=(tuple({0: n} for _ in photos),),
            )
        except Exception as error:
            reason = in_short(error)
            raise InputError(
                f"Expected a model that can be converted to ONNX, got: {reason} Use it in PyTorch."
            ) from error
        return onnx.load(str(path))


def write_onnx(model: FormatModel, path: Path, card: ExportedCard) -> None:
    """Write an ONNX model with its metadata."""
    onnx = import_for_export("onnx")
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, card.to_text()
    onnx.save(model, str(path))


ONNX = ExportFormat(
    name="onnx",
    suffix=".onnx",
    packages=("onnxruntime",),
    from_onnx=lambda model: model,
    write=write_onnx,
    open_engine=OnnxEngine,
)
