"""Blur detection: photos with far less detail than the other photos of the data set."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.stats import median_abs_deviation

from maskwise.data.decoding import PhotoError, decode_for, read_photo
from maskwise.data.decoding_pool import default_workers
from maskwise.reporter import Progress

_SIDE = 256  # pixels of the shorter side at which detail is measured
_OUTLYING = 4.0  # standard deviations below the median
_LEAST_SPREAD = 0.1
_CHUNK = 1024


def measure_sharpness(paths: Sequence[Path], progress: Progress | None = None) -> npt.NDArray[np.float64]:
    """The log variance of the Laplacian (N,) of photos scaled to one size; NaN for a photo that can't be read.

    J. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000.
    """
    sharpness = np.full(len(paths), np.nan)
    with ThreadPoolExecutor(default_workers()) as pool:
        for start in range(0, len(paths), _CHUNK):  # a short queue, so that memory stays flat
            chunk = paths[start : start + _CHUNK]
            sharpness[start : start + len(chunk)] = list(pool.map(_sharpness, chunk))
            if progress:
                progress(start + len(chunk), len(paths))
    return sharpness


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


def is_blurred(sharpness: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which photos (N,) are outliers at the lower end, by median and median absolute deviation."""
    known = sharpness[~np.isnan(sharpness)]
    if not len(known):
        return np.zeros(len(sharpness), dtype=bool)
    spread = float(median_abs_deviation(known, scale="normal"))
    return np.asarray(sharpness < np.median(known) - _OUTLYING * max(spread, _LEAST_SPREAD))
