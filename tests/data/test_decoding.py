import io
import os
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngImageFile

from maskwise.data import decoding
from maskwise.data.decoding import PhotoError, decode, read_header, read_photo, reduction_for
from tests.pictures import picture


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


RGB = Image.fromarray(picture(3, height=64, width=48))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_modes(mode: str) -> None:
    data = encoded(RGB.convert(mode), "JPEG", quality=95)
    decoded = decode(data, read_header(data))
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)
    assert decoded.pixels.shape == (64, 48, 3)
    assert np.abs(decoded.pixels - expected).mean() < 2


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "L", "1"])
@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "BMP"])
def test_other_formats_and_modes(form: str, mode: str) -> None:
    if form == "BMP" and mode == "LA":
        pytest.skip("not a mode of the format")
    data = encoded(RGB.convert(mode), form)
    header = read_header(data)
    assert header.format == form
    assert decode(data, header).pixels.shape == (64, 48, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_what_is_transparent_lies_on_white(form: str, mode: str) -> None:
    if mode == "P" and form == "TIFF":
        pytest.skip("its palette has no transparency")
    image = RGB.convert("RGBA")
    alpha = np.full((64, 48), 255, np.uint8)
    alpha[:32] = 0
    image.putalpha(Image.fromarray(alpha))
    options = {}
    if mode == "P":
        image, options = Image.new("P", (48, 64)), {"transparency": 0}
        image.putpalette([10, 20, 30, 200, 100, 50])
        image.paste(1, (0, 32, 48, 64))
    data = encoded(image if mode == "P" else image.convert(mode), form, **options)
    pixels = decode(data, read_header(data)).pixels
    assert (pixels[:32] == 255).all()
    expected = (
        (200, 100, 50)
        if mode == "P"
        else np.asarray(RGB.convert("L" if mode == "LA" else "RGB").convert("RGB"))[32:]
    )
    assert (pixels[32:] == expected).all()


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    ramp = (np.arange(64 * 48, dtype=np.uint32).reshape(64, 48) * 65535 // (64 * 48 - 1)).astype(np.uint16)
    data = encoded(Image.fromarray(ramp), "PNG")
    pixels = decode(data, read_header(data)).pixels
    assert np.abs(pixels[..., 0].astype(int) - (ramp >> 8)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_exif_orientation(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(RGB, form, exif=exif)
    header = read_header(data)
    decoded = decode(data, header)
    assert decoded.pixels.shape[:2] == (header.height, header.width) == decoded.full_size
    assert header.height == (48 if orientation >= 5 else 64)
    turn = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a.transpose(1, 0, 2), 2),
        8: np.rot90,
    }[orientation]
    assert np.abs(decoded.pixels.astype(float) - turn(np.asarray(RGB).astype(float))).mean() < 6


def test_sixteen_bits_are_turned_as_exif_says() -> None:
    grey = (np.arange(48 * 64).reshape(48, 64) * 20).astype(np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.fromarray(grey).save(stream, "PNG", exif=exif)
    header = read_header(stream.getvalue())
    assert (header.height, header.width) == (64, 48)
    pixels = decode(stream.getvalue(), header).pixels
    assert np.array_equal(pixels[..., 0], np.rot90(grey >> 8, -1))


def test_a_photo_of_very_many_scans_is_refused() -> None:
    stream = io.BytesIO()
    Image.new("L", (512, 512)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    assert decode(data, read_header(data)).pixels.shape == (512, 512, 3)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(PhotoError, match="more than 64 scans"):
        read_header(data[:last] + data[last:-2] * 65 + data[-2:])
    read_header(encoded(RGB, "JPEG") + b"\xff\xda\x00\x02" * 200)  # a film behind it is nobody's scan
    comment = b"\xff\xfe\x00\xca" + b"\xff\xda" * 100
    read_header(data[:2] + comment + data[2:])


def test_a_rotated_jpeg_is_decoded_at_a_reduced_scale() -> None:
    image = Image.fromarray(picture(3, height=256, width=160))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=95, exif=exif)
        header = read_header(stream.getvalue())
        small = decode(stream.getvalue(), header, reduction=2)
        upright = np.asarray(ImageOps.exif_transpose(Image.open(stream)), dtype=np.float32)
        assert small.full_size == upright.shape[:2]
        assert small.pixels.shape[:2] == (upright.shape[0] // 2, upright.shape[1] // 2)
        pooled = upright.reshape(small.pixels.shape[0], 2, small.pixels.shape[1], 2, 3).mean((1, 3))
        assert np.abs(pooled - small.pixels).mean() < 4


def test_bytes_that_do_not_matter_lose_no_photo() -> None:
    data = simplejpeg.encode_jpeg(picture(4))
    header = read_header(data)
    padded = data[:-2] + b"\x00" * 3 + data[-2:]
    assert np.abs(decode(padded, header).pixels.astype(int) - decode(data, header).pixels).mean() < 1


def test_only_ordinary_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    for name, reason in (
        ("pipe.jpg", "no ordinary file"),
        ("folder.jpg", "no ordinary file"),
        ("x.jpg", "missing"),
    ):
        with pytest.raises(PhotoError, match=reason):
            read_photo(tmp_path / name)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.fromarray(picture(seed, height=64, width=48)) for seed in (1, 2)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert np.abs(decode(data, read_header(data)).pixels.astype(int) - np.asarray(frames[0])).max() == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"<html>not found</html>", "no photo"),
        (encoded(RGB, "GIF"), "no photo"),
        (encoded(RGB.resize((4, 4)), "PNG"), "too small"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 40, "no photo"),
    ],
)
def test_what_is_no_photo_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PhotoError, match=reason):
        read_header(data)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("reduction", [1, 8])
def test_a_truncated_photo_is_noticed_at_every_scale(form: str, reduction: int) -> None:
    whole = encoded(Image.fromarray(picture(3, height=512, width=384)), form)
    data = whole[: int(len(whole) * 0.6)]
    with pytest.raises(PhotoError):
        decode(data, read_header(data), reduction)


def test_a_header_is_read_without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = io.BytesIO()
    RGB.save(turned, "PNG", exif=exif)

    def load(image: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(PngImageFile, "load", load)
    assert read_header(encoded(RGB, "PNG")).orientation == 1
    header = read_header(turned.getvalue())
    assert (header.orientation, header.height, header.width) == (6, RGB.width, RGB.height)
    with pytest.raises(PhotoError, match="too large: 108 megapixels"):
        read_header(encoded(Image.new("L", (12_000, 9_000)), "PNG"))


def test_a_huge_photo_is_refused_before_it_is_decoded() -> None:
    data = encoded(Image.new("L", (12_000, 9_000)), "PNG")
    assert len(data) < 1_000_000
    with pytest.raises(PhotoError, match="too large: 108 megapixels, the limit is 64"):
        read_header(data)
    jpeg = simplejpeg.encode_jpeg(
        np.zeros((9_000, 12_000, 1), np.uint8), colorspace="GRAY", colorsubsampling="Gray"
    )
    with pytest.raises(PhotoError, match="too large"):
        read_header(jpeg)


def test_a_huge_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_BYTES", 100)
    with pytest.raises(PhotoError, match="too large"):
        read_header(encoded(RGB, "PNG"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2), st.integers(0, 400), st.integers(0, 255))
def test_hostile_bytes_raise_nothing_else(noise: bytes, form: int, place: int, value: int) -> None:
    data = bytearray(encoded(RGB, ("JPEG", "PNG", "WEBP")[form]))
    data[place % len(data)] = value
    for attempt in (noise, bytes(data), bytes(data[:place]) + noise):
        try:
            pixels = decode(attempt, read_header(attempt), 2).pixels
        except PhotoError:
            continue
        assert pixels.ndim == 3


@pytest.mark.parametrize(
    ("size", "needed", "expected"),
    [
        ((512, 384), 200 / 384, 2),
        ((512, 384), 1.0, 1),
        ((512, 384), 0.25, 4),
        ((512, 384), 0.01, 8),
        ((20, 20), 0.01, 2),
        ((512, 384), 2.0, 1),
    ],
)
def test_the_smallest_sufficient_scale(size: tuple[int, int], needed: float, expected: int) -> None:
    assert reduction_for(size, needed) == expected


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_reduced_photo_has_the_reduced_size(form: str, reduction: int) -> None:
    data = encoded(Image.fromarray(picture(3, height=101, width=99)), form)
    decoded = decode(data, read_header(data), reduction)
    assert decoded.pixels.shape[:2] == (-(-101 // reduction), -(-99 // reduction))
    assert decoded.full_size == (101, 99)
