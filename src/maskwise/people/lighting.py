"""Light on surfaces and strands: a key light with shadows, ambient light, highlights."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from maskwise.people.assets.head import Points
from maskwise.people.compiler import njit
from maskwise.people.shading import EYE, Floats32, Surface


class Lights(NamedTuple):
    """The lights of a photo: directions (3,) towards the light, colours (3,) in linear RGB."""

    key: Floats32
    key_colour: Floats32
    fill: Floats32
    fill_colour: Floats32
    sky: Floats32
    ground: Floats32


class ShadowMap(NamedTuple):
    """Depth (R, R) seen from a light, with the frame (3, 3), centre (3,) and scale of its projection."""

    depth: Floats32
    frame: Floats32
    centre: Floats32
    scale: float


@njit(cache=True, fastmath=True, nogil=True, inline="always")
def _lit_share(shadow: ShadowMap, x: float, y: float, z: float, bias: float, softness: float) -> float:
    """The share of a light that reaches a point, by percentage-closer filtering of its shadow map."""
    dx, dy, dz = x - shadow.centre[0], y - shadow.centre[1], z - shadow.centre[2]
    side = shadow.depth.shape[0]
    frame = shadow.frame
    u = side / 2 + (frame[0, 0] * dx + frame[0, 1] * dy + frame[0, 2] * dz) * shadow.scale
    v = side / 2 - (frame[1, 0] * dx + frame[1, 1] * dy + frame[1, 2] * dz) * shadow.scale
    depth = frame[2, 0] * dx + frame[2, 1] * dy + frame[2, 2] * dz - bias
    lit = 0.0
    for tap in range(5):
        ox = softness * (1.0 if tap == 1 else (-1.0 if tap == 2 else 0.0))
        oy = softness * (1.0 if tap == 3 else (-1.0 if tap == 4 else 0.0))
        i, j = int(u + ox), int(v + oy)
        if i < 0 or j < 0 or i >= side - 1 or j >= side - 1:
            lit += 1.0
            continue
        fu, fv = u + ox - i, v + oy - j
        upper = shadow.depth[j, i] * (1 - fu) + shadow.depth[j, i + 1] * fu
        lower = shadow.depth[j + 1, i] * (1 - fu) + shadow.depth[j + 1, i + 1] * fu
        lit += min(1.0, max(0.0, (upper * (1 - fv) + lower * fv - depth) / 0.03 + 0.5))
    return lit / 5


@njit(cache=True, fastmath=True, nogil=True)
def light_surface(
    surface: Surface,
    depth: Floats32,
    lights: Lights,
    shadow: ShadowMap,
    camera: Floats32,
    slope: float,
    diffuse: Floats32,
    shine: Floats32,
) -> None:
    """Compute the diffuse light and the highlights (H, W, 3) of each pixel, in place.

    `slope` is half of the pixels per decimetre.
    """
    height, width = depth.shape
    for row in range(height):
        for column in range(width):
            material = surface.material[row, column]
            if material < 0:
                continue
            nx, ny, nz = (
                surface.normal[row, column, 0],
                surface.normal[row, column, 1],
                surface.normal[row, column, 2],
            )
            bx, by = 0.0, 0.0
            if 0 < row < height - 1 and 0 < column < width - 1:
                z = depth[row, column]
                if (
                    surface.material[row, column - 1] == material
                    and surface.material[row, column + 1] == material
                    and abs(depth[row, column + 1] - z) < 0.1
                    and abs(depth[row, column - 1] - z) < 0.1
                ):
                    bx = (surface.relief[row, column + 1] - surface.relief[row, column - 1]) * slope
                if (
                    surface.material[row - 1, column] == material
                    and surface.material[row + 1, column] == material
                    and abs(depth[row + 1, column] - z) < 0.1
                    and abs(depth[row - 1, column] - z) < 0.1
                ):
                    by = (surface.relief[row + 1, column] - surface.relief[row - 1, column]) * slope
            mx, my, mz = nx - min(0.8, max(-0.8, bx)), ny + min(0.8, max(-0.8, by)), nz
            norm = np.sqrt(mx * mx + my * my + mz * mz) + 1e-9
            mx, my, mz = mx / norm, my / norm, mz / norm
            px, py, pz = (
                surface.position[row, column, 0],
                surface.position[row, column, 1],
                surface.position[row, column, 2],
            )
            vx, vy, vz = camera[0] - px, camera[1] - py, camera[2] - pz
            norm = np.sqrt(vx * vx + vy * vy + vz * vz)
            vx, vy, vz = vx / norm, vy / norm, vz / norm
            lit = _lit_share(shadow, px, py, pz, 0.03, 1.8)
            facing = mx * lights.key[0] + my * lights.key[1] + mz * lights.key[2]
            filled = max(0.0, mx * lights.fill[0] + my * lights.fill[1] + mz * lights.fill[2])
            scatter = surface.scatter[row, column]
            hx, hy, hz = lights.key[0] + vx, lights.key[1] + vy, lights.key[2] + vz
            norm = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
            half = max(0.0, (mx * hx + my * hy + mz * hz) / norm)
            grazing = 1 - max(0.0, min(1.0, (vx * hx + vy * hy + vz * hz) / norm))
            rim = 1 - max(0.0, min(1.0, vx * mx + vy * my + vz * mz))
            gloss = surface.gloss[row, column]
            mirrored = 0.0
            if material == EYE:
                mirrored = (half**700 * 5 + half**60 * 0.08) * (0.35 + lit)
            elif facing > 0 and gloss > 0:
                fresnel = 1 + 24 * grazing**5
                mirrored = gloss * fresnel * (half**20 * 1.0 + 0.6 * half**90) * facing * lit
            bent = 1 + 0.5 * ((mx - nx) * 0.0 + (my - ny) * 1.0 + (mz - nz) * 0.6)
            for k in range(3):
                wrap = scatter * (0.20 if k == 0 else (0.08 if k == 1 else 0.04))
                direct = max(0.0, (facing + wrap) / (1 + wrap)) * lit * lights.key_colour[k]
                around = surface.ambient[row, column, k]
                diffuse[row, column, k] = (
                    direct + around * max(0.2, bent) + filled * lights.fill_colour[k] * min(1.0, around * 1.6)
                )
                shine[row, column, k] = mirrored * lights.key_colour[k] + gloss * rim**3 * 1.6 * around


@njit(cache=True, fastmath=True, nogil=True)
def light_strands(
    point: npt.NDArray[np.int32],
    along: Floats32,
    points: Points,
    strand_of: npt.NDArray[np.int32],
    colours: Floats32,
    kinds: npt.NDArray[np.int8],
    lights: Lights,
    shadow: ShadowMap,
    camera: Floats32,
    image: Floats32,
) -> None:
    """Shade strands into an image (H, W, 3), after J. Kajiya and T. Kay, "Rendering fur", 1989.

    Kinds: 0 hair of the head, 1 short hair (half transparent), 2 a cord or a rim.
    """
    height, width = point.shape
    for row in range(height):
        for column in range(width):
            k = point[row, column]
            if k < 0:
                continue
            strand = strand_of[k]
            kind = kinds[strand]
            px, py, pz = points[k, 0], points[k, 1], points[k, 2]
            tx, ty, tz = points[k + 1, 0] - px, points[k + 1, 1] - py, points[k + 1, 2] - pz
            norm = np.sqrt(tx * tx + ty * ty + tz * tz) + 1e-9
            tx, ty, tz = tx / norm, ty / norm, tz / norm
            vx, vy, vz = camera[0] - px, camera[1] - py, camera[2] - pz
            norm = np.sqrt(vx * vx + vy * vy + vz * vz)
            vx, vy, vz = vx / norm, vy / norm, vz / norm
            ox, oy, oz = px, py - 7.45, pz - 0.45
            norm = np.sqrt(ox * ox + oy * oy + oz * oz) + 1e-9
            ox, oy, oz = ox / norm, oy / norm, oz / norm
            lit = _lit_share(shadow, px, py, pz, 0.06, 2.2)
            lengthwise = tx * lights.key[0] + ty * lights.key[1] + tz * lights.key[2]
            viewed = tx * vx + ty * vy + tz * vz
            across = np.sqrt(max(0.0, 1 - lengthwise * lengthwise))
            mirrored = max(0.0, across * np.sqrt(max(0.0, 1 - viewed * viewed)) - lengthwise * viewed)
            turned = max(0.05, 0.35 + 0.65 * (ox * lights.key[0] + oy * lights.key[1] + oz * lights.key[2]))
            share = along[row, column]
            deep = (0.35 + 0.65 * share**0.6 if kind == 0 else 1.0) * min(1.0, max(0.15, 0.6 + 0.4 * oy))
            opacity = 0.6 if kind == 1 else 1.0
            for c in range(3):
                own = colours[strand, c]
                direct = lights.key_colour[c] * lit * turned
                around = lights.sky[c] * (0.5 + 0.5 * oy) + lights.ground[c] * 0.4
                if kind == 2:
                    value = (
                        own * (lights.key_colour[c] * lit * 0.7 + around * 0.8) + 0.02 * mirrored**30 * direct
                    )
                else:
                    value = own * (
                        across * direct * 0.9 + (around * 1.1 + lights.fill_colour[c] * 0.3) * deep
                    )
                    value *= 0.5 + 0.5 * deep
                    value += direct * (0.010 * mirrored**38 + own * 0.45 * mirrored**14) * 0.8
                image[row, column, c] = image[row, column, c] * (1 - opacity) + value * opacity


@njit(cache=True, fastmath=True, nogil=True)
def gather_ambient(
    normals: Points, visible: Floats32, directions: Floats32, radiance: Floats32, out: Points
) -> None:
    """Add to `out` the light (V, 3) from directions (D, 3) of radiance (D, 3), weighted by visibility (V, D)."""
    for i in range(len(normals)):
        for d in range(len(directions)):
            facing = (
                normals[i, 0] * directions[d, 0]
                + normals[i, 1] * directions[d, 1]
                + normals[i, 2] * directions[d, 2]
            )
            if facing > 0:
                amount = facing * visible[i, d]
                for k in range(3):
                    out[i, k] += amount * radiance[d, k]


@njit(cache=True, fastmath=True, nogil=True)
def visible_share(points: Points, shadow: ShadowMap, out: Floats32) -> None:
    """The share (V,) of a light that reaches each point (V, 3), by its depth map."""
    for i in range(len(points)):
        out[i] = _lit_share(shadow, points[i, 0], points[i, 1], points[i, 2], 0.07, 0.8)
