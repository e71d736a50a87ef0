"""A fingerprint of 264 bytes per photo: a perceptual hash to find candidates, a thumbnail to confirm them."""

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import Pixels

THUMB_SIDE = 16


def grey_square(pixels: Pixels, side: int) -> npt.NDArray[np.uint8]:
    """RGB pixels (h, w, 3) as a grey square (side, side) by area averaging."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def perceptual_hash(pixels: Pixels) -> int:
    """A 64-bit hash: signs of the low DCT frequencies against their median.

    The pHash of C. Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
    """
    spectrum = cv2.dct(grey_square(pixels, 32).astype(np.float32))[:8, :8]
    bits = spectrum > np.median(spectrum)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def thumbnail(pixels: Pixels) -> bytes:
    """A grey thumbnail of 16 x 16 bytes, stretched to the square."""
    return grey_square(pixels, THUMB_SIDE).tobytes()
