"""Copies that a perceptual hash misses, cut out or mirrored: found by features, confirmed by laying them together."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwise.audit.image_alignment import SAME_PICTURE, Sketch, agreement, read_grey
from maskwise.data.decoding import PhotoError
from maskwise.data.decoding_pool import default_workers
from maskwise.data.scan import Progress
from maskwise.data.table import PhotoTable

Features = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MOST_PHOTOS = 60_000
"""Every photo is compared with every other, so that the time grows with the square."""

_NEAREST = 5
"""So many of the most similar photos are looked at. Of real photos every mirrored one was the most similar to the one
it was made from, of those cut to 80% a side 0.98 among the first three, to 70% 0.68, to 60% half."""

_BLOCK = 512
_CHUNK = 64
_REMEMBERED = 4096  # of 50 KB


def same_pictures(
    table: PhotoTable,
    features: Features,
    owners: Ints,
    progress: Progress | None = None,
) -> list[tuple[int, int]]:
    """Pairs of photos, by their rows, that are made from one picture.

    Args:
        table: the photos (N).
        features: of them (N, F).
        owners: photos of one owner (N,) are not compared.
        progress: called with pairs looked at and pairs in all.
    """
    if not len(table):
        return []
    looks = centred(features, features.mean(axis=0))
    near = _nearest(looks, looks, owners)
    pairs = sorted({(min(a, b), max(a, b)) for a, row in enumerate(near.tolist()) for b in row if b >= 0})
    return _confirmed(pairs, table.paths, table.paths, progress)


def same_pictures_across(
    table: PhotoTable,
    features: Features,
    other: PhotoTable,
    other_features: Features,
    progress: Progress | None = None,
) -> list[tuple[int, int]]:
    """Pairs of a photo (N) and one of other data (M), by their rows, that are made from one picture.

    Args:
        table: the photos (N).
        features: of them (N, F).
        other: the other photos (M).
        other_features: of them (M, F).
        progress: called with pairs looked at and pairs in all.
    """
    if not len(table) or not len(other):
        return []
    mean = features.mean(axis=0)
    looks, others = centred(features, mean), centred(other_features, mean)
    if len(table) < len(other):  # from the smaller side: half of the pairs, and as many copies
        pairs = [(a, b) for a, row in enumerate(_nearest(looks, others).tolist()) for b in row]
    else:
        pairs = [(a, b) for b, row in enumerate(_nearest(others, looks).tolist()) for a in row]
    return _confirmed(sorted(pairs), table.paths, other.paths, progress)


def centred(features: Features, mean: Features) -> Features:
    """Unit vectors (N, F) of features (N, F) around a mean (F,): their products are cosines."""
    looks = features - mean
    return np.asarray(looks / (np.linalg.norm(looks, axis=1, keepdims=True) + 1e-12), dtype=np.float32)


def _nearest(looks: Features, others: Features, owners: Ints | None = None) -> Ints:
    """Rows (N, K) of the unit vectors (M, F) most similar to each (N, F).

    With `owners` (N,) both are the same, and only those of another owner count: -1 where there is none.
    """
    k = min(_NEAREST, len(others))
    found = np.empty((len(looks), k), dtype=np.int64)
    for start in range(0, len(looks), _BLOCK):
        block = slice(start, start + _BLOCK)
        alike = looks[block] @ others.T
        if owners is not None:
            alike[owners[block, None] == owners[None]] = -np.inf
        rows = np.argpartition(-alike, k - 1, axis=1)[:, :k]
        found[block] = np.where(np.isfinite(np.take_along_axis(alike, rows, axis=1)), rows, -1)
    return found


def _confirmed(
    pairs: list[tuple[int, int]], paths: list[Path], other_paths: list[Path], progress: Progress | None
) -> list[tuple[int, int]]:
    """The pairs that lie over each other; a photo that can't be read any more confirms none."""

    @lru_cache(maxsize=_REMEMBERED)
    def sketch(path: Path) -> Sketch | None:
        try:
            return Sketch.of(read_grey(path))
        except PhotoError:
            return None

    def one_picture(pair: tuple[int, int]) -> bool:
        first, second = sketch(paths[pair[0]]), sketch(other_paths[pair[1]])
        return first is not None and second is not None and agreement(first, second) >= SAME_PICTURE

    found: list[tuple[int, int]] = []
    with ThreadPoolExecutor(default_workers()) as pool:
        for start in range(0, len(pairs), _CHUNK):
            chunk = pairs[start : start + _CHUNK]
            told: Iterable[bool] = pool.map(one_picture, chunk)
            found += [pair for pair, same in zip(chunk, told, strict=True) if same]
            if progress:
                progress(start + len(chunk), len(pairs))
    return found
