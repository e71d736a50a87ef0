"""The face of each photo of a data set, found once and kept in the cache by the photo's content."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
from filelock import FileLock

from maskwise.data.cache_folder import cache_folder
from maskwise.data.decoding import EncodedPhoto, PhotoError, read_photo
from maskwise.data.decoding_pool import default_workers
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.faces.face_points import FacePoints
from maskwise.errors import MaskwiseError
from maskwise.files import atomic_path
from maskwise.reporter import Progress

DETECTOR = "centerface"
FACES_VERSION = 2
"""Raise it when the same photo would give other points: what was found before is then forgotten."""

_CHUNK = 512


def open_face_points(
    digests: Sequence[str], load: Callable[[int], EncodedPhoto], *, progress: Progress | None = None
) -> dict[str, FacePoints]:
    """The face of each photo by the digest of its content, from the cache or found now.

    Args:
        digests: of each photo's content (N,).
        load: reads the photo of a row; called from several threads.
        progress: called as photos are done.

    Raises:
        InputError: when the detector's package is missing and a photo is not in the cache.
        PhotoError: when a photo can't be read.
    """
    file = cache_folder() / "faces" / f"{DETECTOR}-v{FACES_VERSION}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = _recall(file)
    wanted = dict(zip(digests, range(len(digests)), strict=True))
    fresh = [(digest, row) for digest, row in wanted.items() if digest not in known]
    if not fresh:
        return {digest: known[digest] for digest in wanted}
    finder = FaceFinder()
    with ThreadPoolExecutor(default_workers()) as pool:
        for start in range(0, len(fresh), _CHUNK):
            chunk = fresh[start : start + _CHUNK]
            rows = pool.map(lambda row: finder.find(load(row)), [row for _, row in chunk])
            found = dict(zip([digest for digest, _ in chunk], rows, strict=True))
            known |= found
            # What was found is kept at once: a stop loses a chunk at most.
            _remember(file, found)
            if progress:
                progress(len(wanted) - len(fresh) + start + len(chunk), len(wanted))
    return {digest: known[digest] for digest in wanted}


def find_faces(
    digests: Sequence[str], paths: Sequence[Path], *, progress: Progress | None = None
) -> dict[str, FacePoints]:
    """The face of each photo that a scan has found readable, by the digest of its content.

    Args:
        digests: of each photo's content (N,).
        paths: of the photos (N,).
        progress: called as photos are done.

    Raises:
        InputError: when the detector's package is missing and a photo is not in the cache.
        MaskwiseError: when a photo can't be read any more.
    """

    def load(row: int) -> EncodedPhoto:
        return EncodedPhoto(read_photo(paths[row]))

    try:
        return open_face_points(digests, load, progress=progress)
    except PhotoError as error:
        raise MaskwiseError(
            f"Expected the photos to be unchanged since the scan, got: {error}. Do not change photos while they are "
            "in use."
        ) from error


_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "digest": pl.String,
    "n_faces": pl.Int64,
    "score": pl.Float64,
    "points": pl.List(pl.Float64),
}


def _recall(file: Path) -> dict[str, FacePoints]:
    try:
        frame = pl.read_parquet(file, glob=False).select(list(_SCHEMA))
    except (OSError, pl.exceptions.PolarsError):  # not there, or broken: found again
        return {}
    return {
        digest: FacePoints(n_faces, np.array(points).reshape(5, 2) if points else None, score)
        for digest, n_faces, score, points in frame.iter_rows()
    }


def _remember(file: Path, found: dict[str, FacePoints]) -> None:
    """Add what was found to the file; other processes may add to it as well."""
    with FileLock(file.with_suffix(".lock")):
        both = _recall(file) | found
        rows = [
            (digest, face.n_faces, face.score, None if face.points is None else face.points.ravel().tolist())
            for digest, face in both.items()
        ]
        with atomic_path(file) as temporary:
            pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(temporary)
