"""Copies that a perceptual hash misses, cropped or mirrored: proposed by features, confirmed by image alignment."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwise.audit.image_alignment import SAME_PICTURE, AlignmentPyramid, detail_correlation, read_grey
from maskwise.data.decoding import PhotoError
from maskwise.data.decoding_pool import default_workers
from maskwise.data.table import PhotoTable
from maskwise.reporter import Progress

Features = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MOST_PHOTOS = 60_000
"""Every photo is compared with every other, so that the time grows with the square."""

_N_CANDIDATES = 5
"""So many of the most similar photos are aligned with each photo. Of real photos every mirrored copy was the most
similar to its original; of those cropped to 80% a side 0.98 were among the first three, to 70% 0.68, to 60% half."""

_BLOCK = 512
_CHUNK = 64
_CACHED_PYRAMIDS = 4096  # of 50 KB


def find_transformed_copies(
    table: PhotoTable,
    features: Features,
    owners: Ints,
    progress: Progress | None = None,
) -> list[tuple[int, int]]:
    """Pairs of rows of a table whose photos were made from one picture.

    Args:
        table: the photos (N).
        features: of them (N, F).
        owners: whose each photo is (N,); photos of one owner are not compared.
        progress: called with pairs compared and pairs in total.
    """
    if not len(table):
        return []
    vectors = centred_unit_vectors(features, features.mean(axis=0))
    candidates = _nearest(vectors, vectors, owners)
    pairs = sorted(
        {(min(a, b), max(a, b)) for a, row in enumerate(candidates.tolist()) for b in row if b >= 0}
    )
    return _confirm(pairs, table.paths, table.paths, progress)


def find_transformed_copies_across(
    table: PhotoTable,
    features: Features,
    other: PhotoTable,
    other_features: Features,
    progress: Progress | None = None,
) -> list[tuple[int, int]]:
    """Pairs of a row of a table and a row of another one whose photos were made from one picture.

    Args:
        table: the photos (N).
        features: of them (N, F).
        other: the other photos (M).
        other_features: of them (M, F).
        progress: called with pairs compared and pairs in total.
    """
    if not len(table) or not len(other):
        return []
    mean = features.mean(axis=0)
    vectors, others = centred_unit_vectors(features, mean), centred_unit_vectors(other_features, mean)
    if len(table) < len(other):  # from the smaller side: half of the pairs, and as many copies
        pairs = [(a, b) for a, row in enumerate(_nearest(vectors, others).tolist()) for b in row]
    else:
        pairs = [(a, b) for b, row in enumerate(_nearest(others, vectors).tolist()) for a in row]
    return _confirm(sorted(pairs), table.paths, other.paths, progress)


def centred_unit_vectors(features: Features, mean: Features) -> Features:
    """Unit vectors (N, F) of features (N, F) around a mean (F,): their products are cosines."""
    centred = features - mean
    return np.asarray(centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-12), dtype=np.float32)


def _nearest(vectors: Features, others: Features, owners: Ints | None = None) -> Ints:
    """Rows (N, K) of the unit vectors (M, F) most similar to each (N, F).

    With `owners` (N,) both are the same, and only photos of another owner count: -1 where there is none.
    """
    k = min(_N_CANDIDATES, len(others))
    nearest = np.empty((len(vectors), k), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, start + _BLOCK)
        similarity = vectors[block] @ others.T
        if owners is not None:
            similarity[owners[block, None] == owners[None]] = -np.inf
        rows = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        nearest[block] = np.where(np.isfinite(np.take_along_axis(similarity, rows, axis=1)), rows, -1)
    return nearest


def _confirm(
    pairs: list[tuple[int, int]], paths: list[Path], other_paths: list[Path], progress: Progress | None
) -> list[tuple[int, int]]:
    """The pairs whose detail agrees once aligned; a photo that can't be read any more confirms none."""

    @lru_cache(maxsize=_CACHED_PYRAMIDS)
    def pyramid(path: Path) -> AlignmentPyramid | None:
        try:
            return AlignmentPyramid.of(read_grey(path))
        except PhotoError:
            return None

    def is_same_picture(pair: tuple[int, int]) -> bool:
        first, second = pyramid(paths[pair[0]]), pyramid(other_paths[pair[1]])
        if first is None or second is None:
            return False
        return detail_correlation(first, second) >= SAME_PICTURE

    confirmed: list[tuple[int, int]] = []
    with ThreadPoolExecutor(default_workers()) as pool:
        for start in range(0, len(pairs), _CHUNK):
            chunk = pairs[start : start + _CHUNK]
            same_picture: Iterable[bool] = pool.map(is_same_picture, chunk)
            confirmed += [pair for pair, same in zip(chunk, same_picture, strict=True) if same]
            if progress:
                progress(start + len(chunk), len(pairs))
    return confirmed
