import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from maskwise.data.decoding import PhotoError, decode, read_header

RAMP = np.linspace(0, 4095, 64 * 48).astype(np.uint16).reshape(64, 48)


def pixels(image: Image.Image, form: str, *, significant: int | None = None, **options: object) -> np.ndarray:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    data = stream.getvalue()
    if significant is not None:
        body = b"sBIT" + bytes([significant])
        chunk = struct.pack(">I", 1) + body + struct.pack(">I", zlib.crc32(body))
        data = data[:33] + chunk + data[33:]  # behind the header
    return decode(data, read_header(data)).pixels[..., 0]


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bits_are_sixteen_bits_unless_the_file_says_otherwise(form: str) -> None:
    assert pixels(Image.fromarray(RAMP), form).max() == 4095 >> 8
    full = (RAMP.astype(np.uint32) * 65535 // 4095).astype(np.uint16)
    assert np.array_equal(pixels(Image.fromarray(full), form), full >> 8)


def test_a_dark_photo_stays_dark() -> None:
    assert pixels(Image.fromarray(RAMP // 2), "PNG", significant=12).max() == 127


def test_twelve_bits_as_a_png_declares_them() -> None:
    expected = RAMP.astype(np.uint32) * 255 // 4095
    assert np.array_equal(pixels(Image.fromarray(RAMP), "PNG", significant=12), expected)
    scaled = RAMP << 4  # as the standard wants it
    assert np.array_equal(pixels(Image.fromarray(scaled), "PNG", significant=12), scaled >> 8)


def test_twelve_bits_as_a_tiff_declares_them() -> None:
    expected = RAMP.astype(np.uint32) * 255 // 4095
    assert np.array_equal(pixels(Image.fromarray(RAMP), "TIFF", tiffinfo={281: 4095}), expected)


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_thirty_two_bits_are_refused(kind: type) -> None:
    with pytest.raises(PhotoError, match="32 bits"):
        pixels(Image.fromarray(RAMP.astype(kind)), "TIFF")
