"""The face of a photo: the largest one's landmarks, and how many there were."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import EncodedPhoto
from maskwise.data.faces.centerface import DETECTION_SIDE, SCORE_THRESHOLD, CenterFace, Face

SIDES = (DETECTION_SIDE, 2 * DETECTION_SIDE)
"""Sizes at which a photo is looked at, until a face is found: a small picture is enough for large faces."""


@dataclass(frozen=True)
class FacePoints:
    """The largest face of a photo, and how many there were."""

    n_faces: int
    points: npt.NDArray[np.float64] | None = None
    """Five landmarks (5, 2), x and y, in pixels of the photo in full; None without a face."""
    score: float = 0.0

    @property
    def note(self) -> str | None:
        """What predictions say of a photo without a face, or with several."""
        if self.points is None:
            return "no face found: the photo is taken as it is"
        return f"{self.n_faces} faces found: the largest is taken" if self.n_faces > 1 else None


NO_FACE = FacePoints(0)


def find_face(
    detector: CenterFace,
    photo: EncodedPhoto,
    *,
    sides: Sequence[int] = SIDES,
    threshold: float = SCORE_THRESHOLD,
) -> FacePoints:
    """The largest face of a photo.

    Args:
        detector: finds the faces.
        photo: decoded at the scale that each look needs.
        sides: pixels along the longer side at which the photo is looked at in turn, until there is a face.
        threshold: the least score.

    Raises:
        PhotoError: when the photo is truncated or broken.
    """
    for side in sides:
        decoded = photo.decode(min(1.0, side / max(photo.full_size)))
        faces = detector.detect(decoded.pixels, decoded.full_size, side=side, threshold=threshold)
        if faces:
            return _largest(faces)
    return NO_FACE


def _largest(faces: Sequence[Face]) -> FacePoints:
    largest = max(faces, key=lambda face: face.area)
    return FacePoints(len(faces), largest.points, largest.score)
