import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwise.errors import InputError
from maskwise.models.backbones.dlib_weights import ConvolutionShape, parse_dlib_convolutions

SHAPES = (ConvolutionShape(4, 3, 3), ConvolutionShape(300, 4, 1))


def integer(value: int) -> bytes:
    length = max(1, (value.bit_length() + 7) // 8)
    return bytes([length]) + value.to_bytes(length, "little")


def array(tag: str, values: np.ndarray) -> bytes:
    name = integer(len(tag)) + tag.encode()
    header = integer(2) + b"".join(map(integer, (values.size, 1, 1, 1)))
    return name + header + struct.pack(f"<{values.size}f", *values.tolist())


def serialized(shapes: tuple[ConvolutionShape, ...] = SHAPES) -> tuple[bytes, list[np.ndarray]]:
    """What dlib writes, with other fields between the arrays, and the arrays."""
    content, arrays, rng = b"\x01\x02" * 20, [], np.random.default_rng(0)
    for outputs, inputs, kernel in shapes:
        for tag, size in (("con_4", outputs * inputs * kernel**2 + outputs), ("affine_", 2 * outputs)):
            values = rng.normal(size=size).astype(np.float32)
            content += array(tag, values) + integer(1) * 3
            arrays.append(values)
    return content, arrays


def test_arrays_are_read_in_their_order() -> None:
    content, arrays = serialized()
    parsed = list(parse_dlib_convolutions(content, SHAPES))
    assert [weights.filters.shape for weights in parsed] == [(4, 3, 3, 3), (300, 4, 1, 1)]
    for number, weights in enumerate(parsed):
        np.testing.assert_array_equal(np.r_[weights.filters.ravel(), weights.bias], arrays[2 * number])
        np.testing.assert_array_equal(np.r_[weights.gamma, weights.beta], arrays[2 * number + 1])


@given(st.data())
def test_a_cut_or_changed_file_gives_weights_or_one_line(data: st.DataObject) -> None:
    content = bytearray(serialized()[0])
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)))
    try:
        parsed = list(parse_dlib_convolutions(bytes(content[:end]), SHAPES))
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert [weights.filters.size for weights in parsed] == [
            outputs * inputs * math.prod((kernel, kernel)) for outputs, inputs, kernel in SHAPES
        ]


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ((*SHAPES, ConvolutionShape(1, 1, 1)), "convolution 3 in dlib's weights, got none"),
        ((ConvolutionShape(4, 3, 5),), "convolution 1 of dlib's weights to have 304 values, got 112"),
    ],
)
def test_another_network_is_refused(shapes: tuple[ConvolutionShape, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(parse_dlib_convolutions(serialized()[0], shapes))


def test_a_truncated_file_says_where(tmp_path: Path) -> None:
    content, _ = serialized()
    with pytest.raises(InputError, match=r"affine layer 2 of dlib's weights to end at byte"):
        list(parse_dlib_convolutions(content[:-100], SHAPES))
