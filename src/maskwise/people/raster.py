"""Rasterize triangles and strands with depth buffers, in numba."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from maskwise.people.assets.head import Points, Triangles
from maskwise.people.compiler import njit

FAR = np.float32(1e9)
Depth = npt.NDArray[np.float32]
_NO_INDEX = np.empty((0, 0), np.int32)
_NO_WEIGHT = np.empty((0, 0), np.float32)


class Fragments(NamedTuple):
    """The nearest triangle at each pixel (H, W): depth, index (-1: none), and two barycentric weights."""

    depth: Depth
    triangle: npt.NDArray[np.int32]
    second: npt.NDArray[np.float32]
    third: npt.NDArray[np.float32]


class StrandFragments(NamedTuple):
    """The nearest strand at each pixel (H, W): depth, first point of its segment (-1: none), share of its length."""

    depth: Depth
    point: npt.NDArray[np.int32]
    along: npt.NDArray[np.float32]


def rasterize(screen: Points, triangles: Triangles, height: int, width: int) -> Fragments:
    """Draw triangles (T, 3) of screen points (V, 3): x and y in pixels, z away from the viewer."""
    depth = np.full((height, width), FAR, np.float32)
    index = np.full((height, width), -1, np.int32)
    second, third = np.zeros((2, height, width), np.float32)
    _fill(screen, triangles, depth, index, second, third)
    return Fragments(depth, index, second, third)


@njit(cache=True, fastmath=True, nogil=True)
def _fill(
    screen: Points,
    triangles: Triangles,
    depth: Depth,
    index: npt.NDArray[np.int32],
    second: npt.NDArray[np.float32],
    third: npt.NDArray[np.float32],
) -> None:
    """Fill the buffers in place; with an empty `index` only the depth."""
    height, width = depth.shape
    identified = len(index) > 0
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, z0 = screen[a, 0], screen[a, 1], screen[a, 2]
        x1, y1 = screen[b, 0] - x0, screen[b, 1] - y0
        x2, y2 = screen[c, 0] - x0, screen[c, 1] - y0
        area = x1 * y2 - x2 * y1
        if abs(area) < 1e-9:
            continue
        left = max(0, int(np.ceil(x0 + min(0.0, x1, x2))))
        right = min(width - 1, int(np.floor(x0 + max(0.0, x1, x2))))
        top = max(0, int(np.ceil(y0 + min(0.0, y1, y2))))
        bottom = min(height - 1, int(np.floor(y0 + max(0.0, y1, y2))))
        over = np.float32(1.0 / area)
        dz1, dz2 = screen[b, 2] - z0, screen[c, 2] - z0
        for y in range(top, bottom + 1):
            py = y - y0
            for x in range(left, right + 1):
                px = x - x0
                u = (px * y2 - x2 * py) * over
                v = (x1 * py - px * y1) * over
                if u >= -1e-6 and v >= -1e-6 and u + v <= 1.000001:
                    z = z0 + u * dz1 + v * dz2
                    if z < depth[y, x]:
                        depth[y, x] = z
                        if identified:
                            index[y, x] = t
                            second[y, x] = u
                            third[y, x] = v


def fill_depth(screen: Points, triangles: Triangles, depth: Depth) -> None:
    """Draw triangles into a depth buffer (H, W), in place."""
    _fill(screen, triangles, depth, _NO_INDEX, _NO_WEIGHT, _NO_WEIGHT)


def draw_strands(
    screen: Points, strand_of: npt.NDArray[np.int32], widths: npt.NDArray[np.float32], behind: Depth
) -> StrandFragments:
    """Draw strands in front of a depth buffer.

    Args:
        screen: points (P, 3), strand after strand.
        strand_of: the strand of each point (P,).
        widths: of each strand, in pixels (S,).
        behind: the depth (H, W) of what can hide them.
    """
    depth = np.full(behind.shape, FAR, np.float32)
    point = np.full(behind.shape, -1, np.int32)
    along = np.zeros(behind.shape, np.float32)
    _draw(screen, strand_of, widths, behind, depth, point, along)
    return StrandFragments(depth, point, along)


@njit(cache=True, fastmath=True, nogil=True)
def _draw(
    screen: Points,
    strand_of: npt.NDArray[np.int32],
    widths: npt.NDArray[np.float32],
    behind: Depth,
    depth: Depth,
    point: npt.NDArray[np.int32],
    along: npt.NDArray[np.float32],
) -> None:
    height, width = depth.shape
    n = len(screen)
    start = 0
    while start < n - 1:
        strand = strand_of[start]
        end = start
        while end < n and strand_of[end] == strand:
            end += 1
        length = max(1, end - start - 1)
        for k in range(start, end - 1):
            x0, y0, z0 = screen[k, 0], screen[k, 1], screen[k, 2]
            dx, dy, dz = screen[k + 1, 0] - x0, screen[k + 1, 1] - y0, screen[k + 1, 2] - z0
            steps = int(max(abs(dx), abs(dy))) + 1
            if steps > 500:
                continue
            steep = abs(dy) > abs(dx)
            # Hair is thinner towards its tip; fractions of a pixel are dithered.
            thick = widths[strand] * (1.0 - 0.45 * (k - start) / length)
            across = max(1, int(thick + ((k * 7919 + strand * 104729) % 97) / np.float32(97)))
            over = np.float32(1.0) / steps
            for j in range(steps):
                t = j * over
                share = (k - start + t) / length
                x, y, z = x0 + dx * t, y0 + dy * t, z0 + dz * t
                for q in range(across):
                    offset = q - (across - 1) // 2
                    column = int(x + 0.5) + (offset if steep else 0)
                    row = int(y + 0.5) + (0 if steep else offset)
                    if (
                        0 <= column < width
                        and 0 <= row < height
                        and z < behind[row, column]
                        and z < depth[row, column]
                    ):
                        depth[row, column] = z
                        point[row, column] = k
                        along[row, column] = share
        start = end


@njit(cache=True, fastmath=True, nogil=True)
def fill_strand_depth(screen: Points, per_strand: int, depth: Depth, push: float) -> None:
    """Draw strands of `per_strand` points each, a pixel wide, into a depth buffer, `push` further away."""
    height, width = depth.shape
    for k in range(len(screen) - 1):
        if (k + 1) % per_strand == 0:
            continue
        x0, y0 = screen[k, 0], screen[k, 1]
        dx, dy = screen[k + 1, 0] - x0, screen[k + 1, 1] - y0
        steps = int(max(abs(dx), abs(dy))) + 1
        if steps > 500:
            continue
        for j in range(steps):
            t = j / steps
            column, row = int(x0 + dx * t + 0.5), int(y0 + dy * t + 0.5)
            if 0 <= column < width and 0 <= row < height:
                z = screen[k, 2] + (screen[k + 1, 2] - screen[k, 2]) * t + push
                depth[row, column] = min(depth[row, column], z)


@njit(cache=True, fastmath=True, nogil=True)
def vertex_normals(points: Points, triangles: Triangles) -> Points:
    """Unit normals (V, 3), triangles weighted by area."""
    normals = np.zeros_like(points)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += nx
            normals[k, 1] += ny
            normals[k, 2] += nz
    for i in range(len(points)):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + np.float32(1e-12)
        for axis in range(3):
            normals[i, axis] /= length
    return normals
