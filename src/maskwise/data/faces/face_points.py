"""The face of each photo, found once and kept in the cache by the photo's content."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from filelock import FileLock

from maskwise.data.cache_folder import cache_folder
from maskwise.data.decoding import Decoded
from maskwise.data.faces.centerface import DETECTION_SIDE, SCORE_THRESHOLD, CenterFace, Face
from maskwise.data.scan import Progress
from maskwise.files import atomic_path

DETECTOR = "centerface"
FACES_VERSION = 1
"""Raise it when the same photo would give other points: what was found before is then forgotten."""

SIDES = (DETECTION_SIDE, 2 * DETECTION_SIDE)
"""Sizes at which a photo is looked at, until a face is found: a small picture is enough for large faces."""

_CHUNK = 512


@dataclass(frozen=True)
class FacePoints:
    """The largest face of a photo, and how many there were."""

    n_faces: int
    points: npt.NDArray[np.float64] | None = None
    """Five landmarks (5, 2), x and y, in pixels of the photo in full; None without a face."""
    score: float = 0.0


NO_FACE = FacePoints(0)


def find_face(
    detector: CenterFace,
    decoded: Decoded,
    *,
    sides: Sequence[int] = SIDES,
    threshold: float = SCORE_THRESHOLD,
) -> FacePoints:
    """The largest face of a decoded photo.

    Args:
        detector: finds the faces.
        decoded: the photo, at least as large as the largest of `sides` where it can be.
        sides: pixels along the longer side at which the photo is looked at in turn, until there is a face.
        threshold: the least score.
    """
    for side in sides:
        faces = detector.detect(decoded.pixels, decoded.full_size, side=side, threshold=threshold)
        if faces:
            return _largest(faces)
    return NO_FACE


def _largest(faces: Sequence[Face]) -> FacePoints:
    largest = max(faces, key=lambda face: face.area)
    return FacePoints(len(faces), largest.points, largest.score)


def open_face_points(
    digests: Sequence[str], load: Callable[[int], Decoded], *, progress: Progress | None = None
) -> dict[str, FacePoints]:
    """The face of each photo by the digest of its content, from the cache or found now.

    Args:
        digests: of each photo's content (N,).
        load: decodes the photo of a row for `find_face`.
        progress: called as photos are done.

    Raises:
        InputError: when the detector's package is missing and a photo is not in the cache.
    """
    file = cache_folder() / "faces" / f"{DETECTOR}-v{FACES_VERSION}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = _recall(file)
    wanted = dict(zip(digests, range(len(digests)), strict=True))
    fresh = [(digest, row) for digest, row in wanted.items() if digest not in known]
    if progress:
        progress(len(wanted) - len(fresh), len(wanted))
    detector = CenterFace() if fresh else None
    for start in range(0, len(fresh), _CHUNK):
        assert detector is not None
        chunk = fresh[start : start + _CHUNK]
        found = {digest: find_face(detector, load(row)) for digest, row in chunk}
        known |= found
        # What was found is kept at once: a stop loses a chunk at most.
        _remember(file, found)
        if progress:
            progress(len(wanted) - len(fresh) + start + len(chunk), len(wanted))
    return {digest: known[digest] for digest in wanted}


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
