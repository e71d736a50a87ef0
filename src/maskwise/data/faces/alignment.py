"""Lay a face onto a template: the map from the template's square to the photo, by five landmarks."""

from itertools import combinations
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from maskwise.strict_model import StrictModel

Points = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Share = Annotated[float, Field(ge=-1, le=2)]
Point = tuple[Share, Share]

N_POINTS = 5

_COMPETITION_POINTS: tuple[Point, Point, Point, Point, Point] = (
    (48 / 176, 42 / 176),
    (128 / 176, 42 / 176),
    (86 / 176, 74 / 176),
    (56 / 176, 113 / 176),
    (121 / 176, 112 / 176),
)
"""Where the landmarks lie in the competition's photos, cropped to the middle 280 pixels."""

_INLIER = 2.5
_SMALL_SAMPLE = 1.4826 * (1 + 5 / (N_POINTS - 2))
"""Turns the root of the least median of squares into a standard deviation (P. Rousseeuw and A. Leroy, 1987)."""


class FaceTemplate(StrictModel):
    """Where a face's five landmarks are to lie in a square, as shares of its side; x to the right, y down.

    The eyes, the nose's tip and the corners of the mouth; those on the left of the picture first.
    """

    points: tuple[Point, Point, Point, Point, Point] = _COMPETITION_POINTS
    scale: float = Field(default=1.0, gt=0.1, le=3)
    """The face's size: 0.85 draws the points in about their mean, so that more around the face is seen."""
    shift: Point = (0.0, 0.0)
    """Moves the points to the right and down."""

    def placed(self) -> Points:
        """The points (5, 2), scaled and shifted."""
        points = np.array(self.points, dtype=np.float64)
        middle = points.mean(axis=0)
        return np.asarray(middle + self.scale * (points - middle) + self.shift)


def align(points: Points, template: FaceTemplate) -> Matrix | None:
    """The similarity (3, 3) from the template's unit square to the photo; None for points that give none.

    Args:
        points: the face's landmarks (5, 2) in pixels of the photo.
        template: where they are to lie.
    """
    fitted = fit_similarity(template.placed(), points)
    if fitted is None:
        return None
    turn, move = fitted
    return np.array([[turn.real, -turn.imag, move.real], [turn.imag, turn.real, move.imag], [0.0, 0.0, 1.0]])


def fit_similarity(source: Points, target: Points) -> tuple[complex, complex] | None:
    """The rotation with scale, and the shift, that lay points (5, 2) onto others, as complex numbers x + iy.

    Least median of squares over all pairs of points, then least squares over those that agree: one or two
    landmarks that a mask or a hand displaced do not matter (P. Rousseeuw, "Least Median of Squares
    Regression", 1984).

    Returns:
        None when the points coincide.
    """
    from_points, to_points = source @ (1, 1j), target @ (1, 1j)
    best: tuple[float, complex, complex] | None = None
    for first, second in combinations(range(len(from_points)), 2):
        span = from_points[second] - from_points[first]
        turn = (to_points[second] - to_points[first]) / span if span else 0j
        if not turn:
            continue
        move = to_points[first] - turn * from_points[first]
        median = float(np.median(np.abs(turn * from_points + move - to_points) ** 2))
        if best is None or median < best[0]:
            best = median, turn, move
    if best is None:
        return None
    median, turn, move = best
    errors = np.abs(turn * from_points + move - to_points)
    agree = errors <= max(_INLIER * _SMALL_SAMPLE * median**0.5, 1e-9 * abs(turn))
    return _least_squares(from_points[agree], to_points[agree])


def _least_squares(
    from_points: npt.NDArray[np.complex128], to_points: npt.NDArray[np.complex128]
) -> tuple[complex, complex]:
    from_middle, to_middle = from_points.mean(), to_points.mean()
    centred = from_points - from_middle
    turn = complex(np.vdot(centred, to_points - to_middle) / np.vdot(centred, centred))
    return turn, complex(to_middle - turn * from_middle)
