"""OpenVINO: convert an ONNX model, and write it with its metadata."""

import tempfile
from pathlib import Path

from maskwise.errors import in_short
from maskwise.export.export_format import ExportFormat, FormatModel
from maskwise.export.export_packages import import_for_export
from maskwise.export.staged_file import write_error
from maskwise.inference.exported import KEY, ExportedCard, exported_parts
from maskwise.inference.openvino_engine import OpenVinoEngine, import_openvino


def to_openvino(model: FormatModel) -> FormatModel:
    """An ONNX model as an OpenVINO model."""
    onnx, openvino = import_for_export("onnx"), import_openvino()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, str(path))
        return openvino.Core().read_model(str(path))


def write_openvino(model: FormatModel, path: Path, card: ExportedCard) -> None:
    """Write OpenVINO's two files: a description with the metadata, and the weights.

    Raises:
        MaskwiseError: when they can't be written.
    """
    openvino = import_openvino()
    model.set_rt_info(card.to_text(), KEY)
    for part in exported_parts(path):
        part.unlink(
            missing_ok=True
        )  # not overwritten: a model that was read from the file may have it memory-mapped
    try:
        openvino.save_model(model, str(path), compress_to_fp16=False)
    except RuntimeError as error:  # such as a full disk
        raise write_error(path, in_short(error)) from error


OPENVINO = ExportFormat(
    name="openvino",
    suffix=".xml",
    packages=("openvino",),
    from_onnx=to_openvino,
    write=write_openvino,
    open_engine=OpenVinoEngine,
)
