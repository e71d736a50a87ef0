"""Grey photos of more than 8 bits, scaled by the depth that their file declares and never by their brightest pixel.

A 16-bit file is taken for 16 bits unless it says that fewer are used: a TIFF by BitsPerSample or MaxSampleValue, a
PNG by sBIT. The PNG standard wants such samples scaled to 16 bits already; files that store them as they are, so
that no sample exceeds the declared depth, are read by that depth.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

_BITS_PER_SAMPLE, _MAX_SAMPLE_VALUE = 258, 281


def to_eight_bits(samples: npt.NDArray[np.uint16], image: Image.Image, data: bytes) -> npt.NDArray[np.uint8]:
    """Samples (h, w) as 0 to 255, full scale being what the file declares.

    Args:
        samples: as stored.
        image: the opened file.
        data: its bytes.
    """
    full_scale = declared_full_scale(image, data)
    if image.format == "PNG" and int(samples.max(initial=0)) > full_scale:
        full_scale = 65535  # scaled by its writer, as the standard wants it
    if full_scale == 65535:
        return (samples >> 8).astype(np.uint8)
    scaled = np.minimum(samples, full_scale).astype(np.uint32) * 255 // full_scale
    return scaled.astype(np.uint8)


def declared_full_scale(image: Image.Image, data: bytes) -> int:
    """The largest sample that a file's own words allow; 65535 where it says nothing."""
    if image.format == "PNG":
        bits = _significant_bits(data)
        return (1 << bits) - 1 if bits is not None and 8 <= bits <= 16 else 65535
    tags = getattr(image, "tag_v2", {})
    declared = tags.get(_MAX_SAMPLE_VALUE)
    largest = declared[0] if isinstance(declared, tuple) and declared else declared
    if isinstance(largest, int) and 255 <= largest <= 65535:
        return largest
    bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
    return (1 << bits) - 1 if 8 <= bits <= 16 else 65535


def _significant_bits(data: bytes) -> int | None:
    """The significant bits of a PNG's grey channel, from its chunk sBIT."""
    place = 8
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if kind == b"sBIT" and length >= 1:
            return data[place + 8]
        if kind in (b"IDAT", b"IEND"):
            return None
        place += 12 + length
    return None
