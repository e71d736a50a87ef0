"""Maps of the head's surface by direction, on which hair and masks rest, and random places on it."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people.assets.head import Points, Triangles
from maskwise.people.raster import fill_depth

AXIS_Z = 0.55  # the vertical axis of the cylinder runs through the middle of the skull
SKULL = np.array([0.0, 7.5, 0.5])  # centre of the dome

Floats = npt.NDArray[np.floating]


def sample(image: npt.NDArray[np.float32], column: Floats, row: Floats) -> npt.NDArray[np.float32]:
    """Bilinear samples (N,) or (N, C) of an image at pixel places (N,), clamped at its border."""
    n = len(column)
    width = 1024  # OpenCV takes maps, so that the list is folded
    rows = -(-n // width)
    maps = np.zeros((2, rows * width), np.float32)
    maps[0, :n], maps[1, :n] = column, row
    found = cv2.remap(
        image,
        maps[0].reshape(rows, width),
        maps[1].reshape(rows, width),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(found.reshape(rows * width, *image.shape[2:])[:n], dtype=np.float32)


@dataclass(frozen=True)
class CylinderMap:
    """The surface's distance from the vertical axis, by angle and height."""

    radius: npt.NDArray[np.float32]
    low: float
    high: float

    def at(self, angle: Floats, y: Floats) -> npt.NDArray[np.float32]:
        """Radii of the shape of `angle` and `y`; the angle is 0 in front and grows to the person's left."""
        rows, columns = self.radius.shape
        found = sample(
            self.radius,
            (np.ravel(angle) / (2 * np.pi) + 0.5) * (columns - 1),
            (self.high - np.ravel(y)) / (self.high - self.low) * (rows - 1),
        )
        return found.reshape(np.shape(angle))


def cylinder_map(points: Points, triangles: Triangles, *, rows: int = 160, columns: int = 224) -> CylinderMap:
    """The map of a surface around the vertical axis; holes are filled from their surroundings."""
    low, high = 5.2, 8.6
    angle = np.arctan2(points[:, 0], points[:, 2] - AXIS_Z)
    radius = np.hypot(points[:, 0], points[:, 2] - AXIS_Z)
    screen = np.stack(
        [
            (angle / (2 * np.pi) + 0.5) * (columns - 1),
            (high - points[:, 1]) / (high - low) * (rows - 1),
            -radius,
        ],
        1,
    ).astype(np.float32)
    turns = angle[triangles]
    whole = turns.max(1) - turns.min(1) < 2  # not across the seam at the back
    depth = np.full((rows, columns), 1e9, np.float32)
    fill_depth(screen, np.ascontiguousarray(triangles[whole]), depth)
    found = depth < 1e8
    filled = np.where(found, -depth, 0).astype(np.float32)
    for _ in range(6):
        if found.all():
            break
        share = cv2.blur(found.astype(np.float32), (9, 9))
        mean = cv2.blur(filled, (9, 9)) / np.maximum(share, 1e-6)
        grown = ~found & (share > 0)
        filled[grown] = mean[grown]
        found = found | grown
    filled[~found] = 0.7
    return CylinderMap(filled, low, high)


def cylinder_points(radius: Floats, angle: Floats, y: Floats) -> npt.NDArray[np.float32]:
    """Points (..., 3) of cylinder coordinates."""
    return np.stack([radius * np.sin(angle), y, AXIS_Z + radius * np.cos(angle)], -1).astype(np.float32)


def dome_map(points: Points, triangles: Triangles, *, side: int = 160) -> npt.NDArray[np.float32]:
    """The skull's distance from its centre (side, side), seen from above by stereographic projection."""
    ray = points - SKULL
    distance = np.linalg.norm(ray, axis=1)
    column, row = _stereographic(ray / distance[:, None], side)
    screen = np.stack([column, row, -distance], 1).astype(np.float32)
    upper = (points[:, 1] > 6.5)[triangles].all(1)
    depth = np.full((side, side), 1e9, np.float32)
    fill_depth(screen, np.ascontiguousarray(triangles[upper]), depth)
    return np.asarray(cv2.GaussianBlur(np.where(depth > 1e8, 0.8, -depth).astype(np.float32), (0, 0), 1.0))


def dome_distance(dome: npt.NDArray[np.float32], direction: Floats) -> npt.NDArray[np.float32]:
    """The skull's distance (N,) from its centre in unit directions (N, 3)."""
    return sample(dome, *_stereographic(direction, len(dome)))


def _stereographic(direction: Floats, side: int) -> tuple[Floats, Floats]:
    stretch = 1 / np.maximum(1 + direction[:, 1], 0.12)
    return (
        (direction[:, 0] * stretch / 4.8 + 0.5) * (side - 1),
        (direction[:, 2] * stretch / 4.8 + 0.5) * (side - 1),
    )


class Roots(NamedTuple):
    """Places on a surface: triangles (N,) and two barycentric weights (N, 1)."""

    triangle: npt.NDArray[np.int64]
    second: Floats
    third: Floats

    def on(self, values: npt.NDArray[np.floating], triangles: Triangles) -> Floats:
        """Values (N, C) at the roots, of values (V, C) at the vertices."""
        corners = triangles[self.triangle]
        return np.asarray(
            values[corners[:, 0]] * (1 - self.second - self.third)
            + values[corners[:, 1]] * self.second
            + values[corners[:, 2]] * self.third
        )


def scatter_roots(
    points: Points, triangles: Triangles, density: Floats, n: int, random: np.random.Generator
) -> Roots | None:
    """`n` random places on a surface with a density (T,); None where the density is zero everywhere."""
    corners = points[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    share = area * density
    if share.sum() < 1e-6:
        return None
    triangle = np.searchsorted(np.cumsum(share / share.sum()), random.random(n)).clip(0, len(triangles) - 1)
    second, third = random.random((n, 1)), random.random((n, 1))
    over = second + third > 1
    return Roots(triangle, np.where(over, 1 - second, second), np.where(over, 1 - third, third))
