"""Resample a decoded photo through one affine map, the only place where photos are resampled."""

import cv2
import numpy as np

from maskwise.data.decoding import Decoded, Pixels
from maskwise.data.transform import Matrix

_SMALLEST_TAP = 0.03


def warp(decoded: Decoded, matrix: Matrix, size: tuple[int, int]) -> Pixels:
    """The pixels (height, width, 3), uint8, that `matrix` maps from a decoded photo; black outside of it.

    Args:
        decoded: the photo, possibly at a reduced scale.
        matrix: map (3, 3) from output to coordinates of the full photo.
        size: height and width of the output.
    """
    pixels = decoded.pixels
    # From the full photo's coordinates to those of the decoded pixels, then from edges to pixel centres.
    scale_y, scale_x = pixels.shape[0] / decoded.full_size[0], pixels.shape[1] / decoded.full_size[1]
    to_pixels = matrix[:2] * np.array([[scale_x], [scale_y]])
    pixels = _soften(
        pixels, np.hypot(to_pixels[0, 0], to_pixels[0, 1]), np.hypot(to_pixels[1, 0], to_pixels[1, 1])
    )
    to_pixels[:, 2] += (to_pixels[:, 0] + to_pixels[:, 1]) / 2 - 0.5
    # OpenCV warps four channels in half the time of three.
    warped = cv2.warpAffine(
        cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA),
        to_pixels,
        (size[1], size[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return np.asarray(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB), dtype=np.uint8)


def _soften(pixels: Pixels, ratio_x: float, ratio_y: float) -> Pixels:
    """Low-pass before shrinking by `ratio` > 1, so that bilinear sampling does not alias.

    Three taps whose variance is what an antialiased bilinear filter of width `ratio` has beyond the bilinear
    interpolation that follows: (ratio^2 - 1) / 6 pixels^2, or (ratio^2 - 1) / 12 on either side.
    """
    x, y = (min(0.25, max(0.0, (ratio * ratio - 1) / 12)) for ratio in (ratio_x, ratio_y))
    if max(x, y) < _SMALLEST_TAP:
        return pixels
    taps_x, taps_y = np.array([x, 1 - 2 * x, x]), np.array([y, 1 - 2 * y, y])
    return np.asarray(
        cv2.sepFilter2D(pixels, -1, taps_x, taps_y, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8
    )
