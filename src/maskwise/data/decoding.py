"""Decode untrusted photos: identified by content, limited in size, at the smallest sufficient scale."""

import io
import os
import re
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from maskwise.data.containers import ContainerError, read_contained
from maskwise.data.pixel_depth import to_eight_bits
from maskwise.errors import in_short

Pixels = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
MAX_PIXELS = 64_000_000
"""Photos with more pixels are refused: 64 megapixels take 192 MB once decoded."""

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # markers of segments and of the end
_SCAN, _END = 0xDA, 0xD9

MAX_SCANS = 64
"""JPEGs with more scans are refused: each scan costs a pass over all pixels, and an empty one takes 100 bytes."""

MAX_BYTES = 64_000_000

# libjpeg-turbo has fast inverse DCTs for 1/1, 1/2, 1/4 and 1/8 only: 5/8 and 6/8 take longer than 1/1, and
# 3/8 takes longer than 1/2.
REDUCTIONS = (8, 4, 2, 1)

SUFFICIENT = 0.85
"""A decoded photo may have this share of the requested resolution: DCT scaling is a better low-pass
filter than bilinear resampling, and the mean difference stays well under a grey level."""

_ORIENTATION_TAG = 0x0112
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class PhotoError(Exception):
    """A photo that can't be used; the message is the reason, in a few words."""


@dataclass(frozen=True)
class Header:
    """What a photo's header states; height and width are those after rotation by EXIF."""

    format: str
    mode: str
    height: int
    width: int
    orientation: int = 1


@dataclass(frozen=True)
class Decoded:
    """RGB pixels (h, w, 3), uint8, and the photo's full size (height, width)."""

    pixels: Pixels
    full_size: tuple[int, int]


def read_photo(path: Path) -> bytes:
    """A photo's bytes, at most MAX_BYTES of them.

    Raises:
        PhotoError: when it is missing, not a regular file, too large or unreadable.
    """
    try:
        # Non-blocking, or a pipe would block. Unbuffered: half the time of an ordinary open and read.
        with open(path, "rb", buffering=0, opener=_open_at_once) as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):  # a device never ends
                raise PhotoError("no ordinary file")
            if status.st_size > MAX_BYTES:
                raise PhotoError(
                    f"too large: {status.st_size / 1e6:.0f} MB, the limit is {MAX_BYTES / 1e6:.0f} MB"
                )
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise PhotoError("missing") from error
    except NotADirectoryError as error:
        return _read_contained(path, error)
    except IsADirectoryError as error:
        raise PhotoError("no ordinary file") from error
    except OSError as error:
        raise PhotoError(f"can't be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the name
        raise PhotoError("no name that a file can have") from error


def _read_contained(path: Path, error: OSError) -> bytes:
    """The bytes of a photo in a container."""
    try:
        data = read_contained(path)
    except (ContainerError, OSError) as failed:
        raise PhotoError(in_short(failed)) from failed
    if data is None:
        raise PhotoError("missing") from error
    if len(data) > MAX_BYTES:
        raise PhotoError(f"too large: {len(data) / 1e6:.0f} MB, the limit is {MAX_BYTES / 1e6:.0f} MB")
    return data


def _open_at_once(path: str, flags: int) -> int:
    del flags
    return os.open(path, _READ_FLAGS)


def read_header(data: bytes) -> Header:
    """Identify a photo by its content.

    Raises:
        PhotoError: when it is empty, in none of the formats, or larger than the limits.
    """
    if not data:
        raise PhotoError("empty file")
    if len(data) > MAX_BYTES:
        raise PhotoError(f"too large: {len(data) / 1e6:.0f} MB, the limit is {MAX_BYTES / 1e6:.0f} MB")
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > MAX_SCANS and _scans(data) > MAX_SCANS:
        raise PhotoError(f"more than {MAX_SCANS} scans: a few bytes that take minutes to decode")
    header = _plain_jpeg_header(data) or _pillow_header(data)
    _check_pixels(header.height * header.width)
    if min(header.height, header.width) < 8:
        raise PhotoError(f"too small: {header.width} x {header.height} pixels")
    return header


def _check_pixels(pixels: int) -> None:
    if pixels > MAX_PIXELS:
        raise PhotoError(f"too large: {pixels / 1e6:.0f} megapixels, the limit is {MAX_PIXELS / 1e6:.0f}")


def _scans(data: bytes) -> int:
    """The number of scans of a JPEG before its end marker, after which phones append videos."""
    found, place = 0, 2
    while (marker := _MARKER.search(data, place)) is not None and marker[0][1] != _END:
        found += marker[0][1] == _SCAN
        # A marker is followed by the length of its segment; a scan's segment by entropy-coded data without markers.
        place = marker.end() + max(2, int.from_bytes(data[marker.end() : marker.end() + 2], "big"))
    return found


def _plain_jpeg_header(data: bytes) -> Header | None:
    """The header of a colour JPEG that needs no rotation, without the cost of Pillow; None otherwise."""
    if not data.startswith(b"\xff\xd8") or b"Exif\x00\x00" in data[:65536]:
        return None
    try:
        height, width, colour, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except Exception:  # noqa: BLE001 - given hostile bytes it raises more than it documents
        return None
    if colour not in ("YCbCr", "RGB", "Gray"):
        return None
    return Header("JPEG", "L" if colour == "Gray" else "RGB", int(height), int(width))


def _open(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # Pillow warns of decompression bombs and broken tags; the limits above decide.
        try:
            return Image.open(io.BytesIO(data), formats=FORMATS)
        except UnidentifiedImageError as error:
            raise PhotoError(f"no photo: not a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file") from error
        except Image.DecompressionBombError as error:
            raise PhotoError(f"too large: the limit is {MAX_PIXELS / 1e6:.0f} megapixels") from error
        except Exception as error:
            raise PhotoError(f"broken header: {in_short(error)}") from error


def _pillow_header(data: bytes) -> Header:
    image = _open(data)
    width, height = image.size
    _check_pixels(height * width)
    try:
        # Not the format's own getexif: that of PNG decodes the whole photo to find EXIF after the pixels.
        orientation = int(Image.Image.getexif(image).get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - broken EXIF is no reason to refuse a photo
        orientation = 1
    if orientation in (5, 6, 7, 8):
        width, height = height, width
    return Header(image.format or "", image.mode, height, width, orientation)


def decoding_cost(data: bytes, header: Header) -> int:
    """What decoding costs, in pixels of a PNG: a JPEG's take a quarter, and a little more with each further scan."""
    pixels = header.height * header.width
    if header.format != "JPEG":
        return pixels
    scans = _scans(data) if data.count(b"\xff\xda") > 1 else 1
    return pixels * (3 + scans) // 16


def reduction_for(full_size: tuple[int, int], needed: float) -> int:
    """The largest of 8, 4, 2, 1 by which a photo may be reduced while decoding.

    Args:
        full_size: height and width of the full photo.
        needed: requested resolution: output pixels per pixel of the full photo, along the more demanding axis.
    """
    for reduction in REDUCTIONS:
        if min(full_size) >= 8 * reduction and 1 / reduction >= needed * SUFFICIENT:
            return reduction
    return 1


def decode(data: bytes, header: Header, reduction: int = 1) -> Decoded:
    """Decode to RGB at 1/`reduction` of the full size, rotated as its EXIF says.

    The whole file is read whatever the reduction, so a truncated one is always noticed.

    Raises:
        PhotoError: when the file is truncated or broken.
    """
    full = (header.height, header.width)
    if header.format == "JPEG" and header.mode in ("RGB", "L"):
        stored = full if header.orientation < 5 else full[::-1]
        try:
            pixels = simplejpeg.decode_jpeg(
                data, "RGB", min_height=-(-stored[0] // reduction), min_width=-(-stored[1] // reduction)
            )
            return Decoded(_upright(pixels, header.orientation), full)
        except Exception:  # noqa: BLE001 - simplejpeg refuses harmless bytes: Pillow decides below
            pass
    return Decoded(_reduce(_decode_by_pillow(data, header), reduction), full)


def decode_for(data: bytes, needed: Callable[[tuple[int, int]], float]) -> Decoded:
    """Identify and decode a photo's bytes at the smallest scale that is sufficient.

    Args:
        data: the content of the file.
        needed: from the full height and width to the requested resolution, output pixels per pixel.

    Raises:
        PhotoError: when it can't be used.
    """
    header = read_header(data)
    full_size = (header.height, header.width)
    return decode(data, header, reduction_for(full_size, needed(full_size)))


class EncodedPhoto:
    """A photo's bytes, decoded at each scale at most once; for one thread.

    Raises:
        PhotoError: when it is empty, no JPEG, PNG or WebP, or larger than the limits.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._header = read_header(data)
        self.full_size = (self._header.height, self._header.width)
        self._decoded: dict[int, Decoded] = {}

    def decode(self, needed: float) -> Decoded:
        """The photo at the smallest scale that is sufficient.

        Args:
            needed: pixels asked for per pixel of the full photo.

        Raises:
            PhotoError: when it is truncated or broken.
        """
        reduction = reduction_for(self.full_size, needed)
        if reduction not in self._decoded:
            self._decoded[reduction] = decode(self.data, self._header, reduction)
        return self._decoded[reduction]


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Stored pixels, rotated and mirrored by their EXIF orientation (1 to 8)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _decode_by_pillow(data: bytes, header: Header) -> Pixels:
    image = _open(data)
    try:
        if image.mode.startswith("I;16"):  # Pillow's own conversion clips instead of scaling
            grey = to_eight_bits(np.asarray(image, dtype=np.uint16), image, data)
            pixels = _upright(np.repeat(grey[:, :, None], 3, axis=2), header.orientation)
        elif image.mode in ("I", "F"):
            raise PhotoError("pixels of 32 bits: save it with 8 or 16 bits")
        else:
            if header.orientation != 1:
                image = ImageOps.exif_transpose(image)
            pixels = np.asarray(_opaque(image))
    except PhotoError:
        raise
    except Exception as error:
        raise PhotoError(f"broken: {in_short(error)}") from error
    return np.ascontiguousarray(pixels)


def _opaque(image: Image.Image) -> Image.Image:
    """RGB; what is transparent lies on white, as on paper and in most viewers."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")


def _reduce(pixels: Pixels, reduction: int) -> Pixels:
    if reduction == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = (-(-width // reduction), -(-height // reduction))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
