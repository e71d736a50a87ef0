"""Evaluate the materials of skin, eyes and mask at every pixel."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from maskwise.people import garment, texture
from maskwise.people.assets.head import Points, Triangles
from maskwise.people.compiler import njit

SKIN, EYE, MASK = 0, 1, 2
Floats32 = npt.NDArray[np.float32]


class Mesh(NamedTuple):
    """All triangles of a photo, in posture."""

    points: Points  # (V, 3)
    normals: Points  # (V, 3)
    triangles: Triangles  # (T, 3)
    material: npt.NDArray[np.int8]  # (T,)
    places: Points  # (V, 3): canonical place, direction in the eye, or place on the mask's canvas
    scalp: Floats32  # (V,), share of hair roots
    ambient: Points  # (V, 3), light from all around, linear RGB


class Materials(NamedTuple):
    """The textures and parameters of all materials; colours are in linear RGB."""

    face: Floats32
    face_relief: Floats32
    lips: Floats32
    cloth: Floats32
    cloth_relief: Floats32
    cloth_cover: Floats32
    fabric: Floats32
    fabric_relief: Floats32
    tiles: Floats32
    skin: Floats32  # (3,)
    roots: Floats32  # (3,), colour of hair at the scalp
    iris: Floats32  # (3,)
    gaze: Floats32  # (3,), in the head's frame
    roughness: float  # of the skin, about 1
    root_share: float
    pupil: float


class Surface(NamedTuple):
    """The surface at each pixel (H, W, ...)."""

    position: Floats32
    normal: Floats32
    albedo: Floats32
    ambient: Floats32
    relief: Floats32
    gloss: Floats32
    scatter: Floats32  # share of light that spreads under the skin
    material: npt.NDArray[np.int8]  # -1 where there is nothing


@njit(cache=True, fastmath=True, nogil=True, inline="always")
def _texel(image: Floats32, x: float, y: float, channel: int) -> float:
    height, width = image.shape[0], image.shape[1]
    x = min(max(x, 0.0), width - 1.001)
    y = min(max(y, 0.0), height - 1.001)
    i, j = int(x), int(y)
    u, v = x - i, y - j
    upper = image[j, i, channel] * (1 - u) + image[j, i + 1, channel] * u
    lower = image[j + 1, i, channel] * (1 - u) + image[j + 1, i + 1, channel] * u
    return upper * (1 - v) + lower * v


@njit(cache=True, fastmath=True, nogil=True, inline="always")
def _texel1(image: Floats32, x: float, y: float) -> float:
    height, width = image.shape
    x = min(max(x, 0.0), width - 1.001)
    y = min(max(y, 0.0), height - 1.001)
    i, j = int(x), int(y)
    u, v = x - i, y - j
    upper = image[j, i] * (1 - u) + image[j, i + 1] * u
    lower = image[j + 1, i] * (1 - u) + image[j + 1, i + 1] * u
    return upper * (1 - v) + lower * v


@njit(cache=True, fastmath=True, nogil=True, inline="always")
def _step(low: float, high: float, x: float) -> float:
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@njit(cache=True, fastmath=True, nogil=True)
def _surface(
    triangle: npt.NDArray[np.int32],
    second: Floats32,
    third: Floats32,
    mesh: Mesh,
    materials: Materials,
    canvas: tuple[float, float, float, float, float, float],
    out: Surface,
) -> None:
    height, width = triangle.shape
    left, top, scale, cloth_z, cloth_low, cloth_high = canvas
    cloth_rows, cloth_columns = materials.cloth_relief.shape
    fabric_side = materials.fabric_relief.shape[0]
    tile = materials.tiles.shape[1]
    place = np.zeros(3, np.float32)
    for row in range(height):
        for column in range(width):
            t = triangle[row, column]
            if t < 0:
                out.material[row, column] = -1
                continue
            a, b, c = mesh.triangles[t, 0], mesh.triangles[t, 1], mesh.triangles[t, 2]
            u, v = second[row, column], third[row, column]
            w = 1 - u - v
            length = 0.0
            for k in range(3):
                out.position[row, column, k] = (
                    mesh.points[a, k] * w + mesh.points[b, k] * u + mesh.points[c, k] * v
                )
                n = mesh.normals[a, k] * w + mesh.normals[b, k] * u + mesh.normals[c, k] * v
                out.normal[row, column, k] = n
                length += n * n
                out.ambient[row, column, k] = (
                    mesh.ambient[a, k] * w + mesh.ambient[b, k] * u + mesh.ambient[c, k] * v
                )
                place[k] = mesh.places[a, k] * w + mesh.places[b, k] * u + mesh.places[c, k] * v
            length = np.sqrt(length) + 1e-9
            for k in range(3):
                out.normal[row, column, k] /= length
            material = mesh.material[t]
            out.material[row, column] = material
            if material == SKIN:
                x, y = (place[0] - left) * scale, (top - place[1]) * scale
                front = _step(0.42, 0.62, place[2]) * (1.0 if place[1] > 5.6 else _step(5.5, 5.6, place[1]))
                angle = np.arctan2(place[0], place[2] - cloth_z)
                around = (angle / (2 * np.pi) + 0.5) * (cloth_columns - 1)
                down = (cloth_high - place[1]) / (cloth_high - cloth_low) * (cloth_rows - 1)
                cover = _texel1(materials.cloth_cover, around, down) if place[1] < cloth_high else 0.0
                grain_x = int((angle + 4.0) * 520) % tile
                grain_y = int(place[1] * 560) % tile
                pore, fine = materials.tiles[0, grain_y, grain_x], materials.tiles[1, grain_y, grain_x]
                roots = mesh.scalp[a] * w + mesh.scalp[b] * u + mesh.scalp[c] * v
                roots *= materials.root_share
                is_ear = abs(place[0]) > 0.62 and 6.88 < place[1] < 7.42 and 0.15 < place[2] < 0.75
                for k in range(3):
                    tone = materials.skin[k]
                    if front > 0:
                        tone = _texel(materials.face, x, y, k) * front + tone * (1 - front)
                    if is_ear and k > 0:
                        tone *= 0.87
                    tone *= 1 + 0.03 * pore + 0.025 * fine
                    tone = tone * (1 - roots) + materials.roots[k] * 0.8 * roots
                    if cover > 0:
                        tone = tone * (1 - cover) + _texel(materials.cloth, around, down, k) * cover
                    out.albedo[row, column, k] = tone
                relief = (0.0004 * pore + 0.0002 * fine) * materials.roughness
                lip = 0.0
                if front > 0:
                    relief += _texel1(materials.face_relief, x, y) * front
                    lip = _texel1(materials.lips, x, y) * front
                gloss = (0.036 + 0.05 * lip) * (1 - 0.6 * min(1.0, roots * 1.5))
                middle = np.exp(-((place[0] / 0.25) ** 2)) if place[1] > 6.9 else 0.0
                gloss *= 1 + 0.7 * middle * front
                if cover > 0:
                    weave = materials.tiles[1, int(place[1] * 1500) % tile, int((angle + 4.0) * 1200) % tile]
                    cloth_relief = _texel1(materials.cloth_relief, around, down) + 0.0012 * weave
                    relief = relief * (1 - cover) + cloth_relief * cover
                    gloss = gloss * (1 - cover) + 0.006 * cover
                out.relief[row, column] = relief
                out.gloss[row, column] = gloss
                out.scatter[row, column] = (1 - cover) * (1 - 0.9 * min(1.0, roots * 1.5))
            elif material == EYE:
                towards = (
                    place[0] * materials.gaze[0] + place[1] * materials.gaze[1] + place[2] * materials.gaze[2]
                )
                norm = np.sqrt(place[0] ** 2 + place[1] ** 2 + place[2] ** 2) + 1e-9
                angle = np.arccos(min(1.0, max(-1.0, towards / norm)))
                ring = angle / 0.50
                spoke = np.arctan2(place[1] - materials.gaze[1] * norm, place[0] - materials.gaze[0] * norm)
                fibre = materials.tiles[1, int(ring * 40) % tile, int((spoke + 4) * 60) % tile]
                dark = _step(materials.pupil - 0.05, materials.pupil + 0.05, ring) * (
                    1 - 0.7 * _step(0.82, 1.0, ring)
                )
                white = _step(0.94, 1.06, ring)
                aside = min(1.0, abs(place[0] / norm))
                lid = (0.28 + 0.72 * _step(0.42, -0.05, place[1] / norm)) * (
                    1 - 0.35 * _step(0.5, 0.8, aside)
                )
                for k in range(3):
                    iris = materials.iris[k] * (0.8 + 0.25 * fibre + 0.5 * max(0.0, ring - 0.4)) * dark
                    sclera = 0.44 - 0.025 * k
                    out.albedo[row, column, k] = (max(0.0, iris) * (1 - white) + sclera * white) * lid
                out.relief[row, column] = 0.0
                out.gloss[row, column] = 0.0
                out.scatter[row, column] = 0.0
            else:
                x, y = place[0] * (fabric_side - 1), place[1] * (fabric_side - 1)
                for k in range(3):
                    out.albedo[row, column, k] = _texel(materials.fabric, x, y, k)
                out.relief[row, column] = _texel1(materials.fabric_relief, x, y)
                out.gloss[row, column] = 0.006
                out.scatter[row, column] = 0.0


def read_surface(
    triangle: npt.NDArray[np.int32], second: Floats32, third: Floats32, mesh: Mesh, materials: Materials
) -> Surface:
    """Evaluate the material of the nearest triangle at every pixel."""
    height, width = triangle.shape
    colour = (height, width, 3)
    out = Surface(
        np.empty(colour, np.float32),
        np.empty(colour, np.float32),
        np.zeros(colour, np.float32),
        np.empty(colour, np.float32),
        np.zeros((height, width), np.float32),
        np.zeros((height, width), np.float32),
        np.zeros((height, width), np.float32),
        np.empty((height, width), np.int8),
    )
    canvas = (texture.LEFT, texture.TOP, float(texture.SCALE), garment.AXIS_Z, garment.LOW, garment.HIGH)
    _surface(triangle, second, third, mesh, materials, canvas, out)
    return out
