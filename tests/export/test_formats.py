import pytest

from maskwise.errors import InputError
from maskwise.export.formats import FORMATS, find_format
from maskwise.inference.exported import SUFFIXES


def test_each_format_is_found_by_its_name_and_its_files_by_their_suffix() -> None:
    assert {name: find_format(name).name for name in FORMATS} == {"onnx": "onnx", "openvino": "openvino"}
    assert {known.suffix: known.name for known in FORMATS.values()} == SUFFIXES


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        InputError, match="Expected the format to be onnx or openvino, got 'tflite'"
    ) as refused:
        find_format("tflite")
    assert refused.value.setting == "to"
