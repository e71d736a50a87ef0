"""Blurred photos: far less detail than the others of the data set have."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import PhotoError, decode_for, read_photo
from maskwise.data.decoding_pool import default_workers
from maskwise.data.scan import Progress

_SIDE = 256
_FAR = 4.0
_CHUNK = 1024


def measure_sharpness(paths: Sequence[Path], progress: Progress | None = None) -> npt.NDArray[np.float64]:
    """The log of the variance of the Laplacian (N,) of photos at one size; NaN for one that can't be read.

    J. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000.
    """
    found = np.full(len(paths), np.nan)
    with ThreadPoolExecutor(default_workers()) as pool:
        for start in range(0, len(paths), _CHUNK):  # a short queue, so that memory stays flat
            chunk = paths[start : start + _CHUNK]
            found[start : start + len(chunk)] = list(pool.map(_sharpness, chunk))
            if progress:
                progress(start + len(chunk), len(paths))
    return found


def _sharpness(path: Path) -> float:
    try:
        pixels = decode_for(read_photo(path), lambda size: _SIDE / min(size)).pixels
    except PhotoError:
        return float("nan")
    scale = _SIDE / min(pixels.shape[:2])
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return float(np.log(cv2.Laplacian(grey, cv2.CV_32F).var() + 1e-3))


def blurred(sharpness: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which photos (N,) lie so far below the median that hardly a photo of a normal distribution would."""
    known = sharpness[~np.isnan(sharpness)]
    if not len(known):
        return np.zeros(len(sharpness), dtype=bool)
    middle = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - middle)))
    return np.asarray(sharpness < middle - _FAR * max(spread, 0.1))
