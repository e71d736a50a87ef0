"""The formats that a run can be exported to. A new one is a file with its `ExportFormat`, and an entry here."""

from maskwise.errors import InputError
from maskwise.export.export_format import ExportFormat
from maskwise.export.onnx_format import ONNX
from maskwise.export.openvino_format import OPENVINO

FORMATS = {known.name: known for known in (ONNX, OPENVINO)}


def find_format(name: str) -> ExportFormat:
    """The format of a name.

    Raises:
        InputError: when there is no such format.
    """
    if name not in FORMATS:
        raise InputError(f"Expected the format to be {' or '.join(FORMATS)}, got {name!r}.", setting="to")
    return FORMATS[name]
