"""Masks: a sheet stretched over the face, worn in several ways, and its fabric."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people import surface
from maskwise.people.assets import Head
from maskwise.people.assets.head import Points, Triangles
from maskwise.people.noise import Image, smooth_noise, smoothstep

Kind = Literal["surgical", "folded", "moulded", "cloth"]
Wear = Literal["worn", "under_nose", "on_chin", "one_ear"]
KINDS: tuple[Kind, ...] = ("surgical", "folded", "moulded", "cloth")
GRID = 64
CANVAS = 256
Floats = npt.NDArray[np.floating]

_REACH = {"surgical": 76, "folded": 70, "moulded": 72, "cloth": 74}  # degrees to either side

# Landmarks of the mean face.
NOSE_BRIDGE, NOSE_TIP, LIPS, CHIN, JAW = (
    (0, 7.20, 1.33),
    (0, 6.98, 1.62),
    (0, 6.78, 1.5),
    (0, 6.33, 1.35),
    (0.5, 6.62, 0.75),
)
EAR = (0.60, 7.2, 0.62)


@dataclass(frozen=True)
class MaskMesh:
    """A mask in the coordinates of the head: points (GRID * GRID, 3), row by row from the top, and ear loops."""

    points: Points
    triangles: Triangles
    places: npt.NDArray[np.float32]  # (GRID * GRID, 2): across and down its canvas, 0 to 1
    loops: list[npt.NDArray[np.float32]]  # each (10, 3)


@dataclass(frozen=True)
class Fabric:
    """A mask's canvas (CANVAS, CANVAS), rows from its top."""

    colour: Image  # (CANVAS, CANVAS, 3), linear RGB
    relief: Image  # decimetres
    loop: npt.NDArray[np.float32]  # colour (3,) of the ear loops


NO_FABRIC = Fabric(np.zeros((2, 2, 3), np.float32), np.zeros((2, 2), np.float32), np.zeros(3, np.float32))
"""For photos without a mask."""


def fit_mask(head: Head, skin: Points, kind: Kind, wear: Wear, random: np.random.Generator) -> MaskMesh:
    """Fit a mask to a face (V, 3) that has its expression but is not rotated yet."""
    if wear == "one_ear":
        return _hanging(head, skin, kind, random)
    face = surface.cylinder_map(skin, head.triangles, rows=128, columns=192)
    face = surface.CylinderMap(
        np.asarray(cv2.dilate(face.radius, np.ones((3, 3))), np.float32), face.low, face.high
    )
    across = np.linspace(-1, 1, GRID, dtype=np.float32)[None].repeat(GRID, 0)
    down = np.linspace(0, 1, GRID, dtype=np.float32)[:, None].repeat(GRID, 1)
    top, bottom = _edges(head, skin, kind, wear, np.abs(across), random)
    y = top * (1 - down) + bottom * down
    angle = across * np.radians(_REACH[kind])
    under = face.at(angle, y)
    radius = _membrane(under, across, down) + _bulge(kind, np.abs(across), down)
    rim = smoothstep(0, 0.15, np.minimum(np.minimum(down, 1 - down), 1 - np.abs(across)) * 1.2)
    radius = radius + 0.0035 * smooth_noise(random, GRID, GRID, 18, octaves=2) * rim
    points = surface.cylinder_points(radius, angle, y)
    loops = [
        _loop(points[row, column], skin[head.nearest(place)], face)
        for side, column in ((-1, 0), (1, GRID - 1))
        for row, place in ((3, (side * 0.69, 7.33, 0.42)), (GRID - 4, (side * 0.64, 6.98, 0.40)))
    ]
    return _mesh(points, across, down, loops)


def _mesh(points: Floats, across: Floats, down: Floats, loops: list[npt.NDArray[np.float32]]) -> MaskMesh:
    index = np.arange(GRID * GRID).reshape(GRID, GRID)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(-1, 4)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    places = np.stack([(across + 1) / 2, down], -1).reshape(-1, 2).astype(np.float32)
    return MaskMesh(points.reshape(-1, 3).astype(np.float32), triangles, places, loops)


def _edges(
    head: Head, skin: Points, kind: Kind, wear: Wear, aside: Floats, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """The heights of the upper and the lower edge, from the middle to the sides."""
    bridge, nose, lips, chin, jaw, ear = (
        float(skin[head.nearest(place)][1]) for place in (NOSE_BRIDGE, NOSE_TIP, LIPS, CHIN, JAW, EAR)
    )
    if wear == "worn":
        upper, lower = bridge + random.uniform(-0.03, 0.06), chin - 0.05
    elif wear == "under_nose":
        upper, lower = max(nose - random.uniform(0.13, 0.21), lips + 0.05), chin - 0.12
    else:
        upper, lower = lips - random.uniform(0.14, 0.24), chin - 0.24
    drop = upper - (jaw + 0.28) if wear == "on_chin" else upper - (ear - 0.12)
    rise = (jaw - 0.12 if wear == "on_chin" else jaw + 0.04) - lower
    if kind == "surgical":
        top = upper - drop * aside**1.6 - 0.03 * np.sin(np.pi * np.clip(aside * 1.5, 0, 1))
    elif kind == "cloth":
        top = upper - drop * aside**1.6 - 0.05 * np.sin(np.pi * np.clip(aside * 1.6, 0, 1))
    else:
        top = upper - drop * (0.75 * aside**2 + 0.25 * aside) - 0.06 * np.sin(np.pi * aside)
    return top, lower + rise * aside ** (2.2 if kind == "surgical" else 1.7)


def _membrane(under: npt.NDArray[np.float32], across: Floats, down: Floats) -> Floats:
    """Stretch a sheet over the surface `under` it: smooth where it spans hollows, never inside the face."""
    sheet = np.maximum(under, cv2.GaussianBlur(under, (0, 0), 6) * 0.98)
    for sigma, rounds in ((6, 6), (3, 8), (1.2, 8)):
        for _ in range(rounds):
            sheet = np.maximum(
                under, cv2.GaussianBlur(sheet, (0, 0), sigma, borderType=cv2.BORDER_REFLECT101)
            )
    sheet = np.maximum(cv2.GaussianBlur(sheet, (0, 0), 1.6), under) + 0.02
    edge = smoothstep(0, 0.15, np.minimum(np.minimum(down, 1 - down), 1 - np.abs(across)) * 1.2)
    return np.asarray((under + 0.022) * (1 - edge) + sheet * edge)


def _bulge(kind: Kind, aside: Floats, down: Floats) -> Floats:
    belly = np.abs(np.sin(np.pi * down)) ** 0.8 * (1 - aside**2)
    if kind == "moulded":
        return np.asarray(
            0.15 * np.exp(-aside / 0.30) * np.abs(np.sin(np.pi * np.clip(down * 0.95 + 0.02, 0, 1))) ** 0.9
        )
    if kind == "folded":
        return np.asarray(0.15 * belly * (1 - aside))
    return np.asarray(0.03 * belly if kind == "surgical" else 0.06 * belly * np.exp(-aside / 0.5))


def _loop(start: Floats, end: Floats, face: surface.CylinderMap) -> npt.NDArray[np.float32]:
    """An ear loop from the mask's corner to behind the ear, lying on the cheek."""
    t = np.linspace(0, 1, 10)[:, None]
    line = start * (1 - t) + end * t
    angle = np.arctan2(line[:, 0], line[:, 2] - surface.AXIS_Z)
    radius = np.hypot(line[:, 0], line[:, 2] - surface.AXIS_Z)
    cheek = np.where(t[:, 0] < 0.7, face.at(angle, line[:, 1]) + 0.02, 0)
    return surface.cylinder_points(np.maximum(radius, cheek), angle, line[:, 1])


def _hanging(head: Head, skin: Points, kind: Kind, random: np.random.Generator) -> MaskMesh:
    """A mask that hangs from one ear, beside the jaw, turned upright and half folded."""
    side = random.choice([-1.0, 1.0])
    ear = skin[head.nearest((side * 0.69, 7.0, 0.5))]
    across = np.linspace(-1, 1, GRID, dtype=np.float32)[None].repeat(GRID, 0)
    down = np.linspace(0, 1, GRID, dtype=np.float32)[:, None].repeat(GRID, 1)
    fold, lean = random.uniform(0.2, 0.6), random.uniform(-0.12, 0.2)
    # It hangs lengthwise with its outside to the front: its left edge is at the top.
    length, breadth = random.uniform(1.0, 1.25), random.uniform(0.50, 0.64)
    hang = length * (across + 1) / 2
    sideways = breadth * (0.5 - down) * (1 - fold * (across + 1) / 4)
    wave = 0.05 * np.sin(np.pi * 2 * down + 2 * across) + 0.02 * smooth_noise(
        random, GRID, GRID, 20, octaves=2
    )
    x = side * (np.abs(ear[0]) + 0.06 + lean * hang) + sideways
    z = ear[2] + 0.22 + 0.25 * np.sin(np.pi * down) * (1 - fold) + wave - 0.25 * side * sideways
    points = np.stack([x, ear[1] - 0.2 - hang, z], -1).astype(np.float32)
    corners = [points[GRID // 3, 0], points[2 * GRID // 3, 0]]
    t = np.linspace(0, 1, 10)[:, None]
    loops = [(corner * (1 - t) + ear * t).astype(np.float32) for corner in corners]
    return _mesh(points, across, down, loops)


def weave_fabric(kind: Kind, random: np.random.Generator) -> Fabric:
    """Draw a mask's fabric: colour, pleats, seams, a nose wire, a print."""
    across, down = np.meshgrid(
        np.linspace(-1, 1, CANVAS, dtype=np.float32), np.linspace(0, 1, CANVAS, dtype=np.float32)
    )
    base = _base_colour(kind, random)
    fine = smooth_noise(random, CANVAS, CANVAS, 3, octaves=2)
    soft = smooth_noise(random, CANVAS, CANVAS, 70, octaves=2)
    colour = np.tile(base.astype(np.float32), (CANVAS, CANVAS, 1)) * (1 + 0.02 * fine)[..., None]
    relief = 0.0005 * fine + 0.0030 * soft

    def darken(distance: Floats, width: float, amount: float, where: Floats | float = 1.0) -> None:
        colour[...] *= (1 - amount * np.exp(-((distance / width) ** 2)) * where)[..., None]

    aside, rim = np.abs(across), np.minimum(np.minimum(down, 1 - down), 1 - np.abs(across))
    if kind == "surgical":
        for pleat in (0.34, 0.52, 0.70):
            above = down - pleat + 0.006 * np.sin(across * 3)
            fade = smoothstep(1.02, 0.85, aside)
            relief += 0.018 * np.where(above > 0, np.exp(-np.maximum(above, 0) / 0.05), 0) * fade
            darken(above + 0.006, 0.008, 0.22)
        relief += 0.010 * np.exp(-(((down - 0.05) / 0.02) ** 2)) * (aside < 0.35)
        darken(rim - 0.045, 0.008, 0.12)
        if 0.28 < base.mean() < 0.72:
            colour[rim < 0.025] = (0.75, 0.78, 0.80)
    elif kind == "folded":
        for seam in (0.36, 0.70):
            line = down - seam + (0.05 if seam < 0.5 else -0.06) * aside**1.3
            darken(line, 0.009, 0.25)
            relief -= 0.010 * np.exp(-((line / 0.012) ** 2))
        darken(np.minimum(down, 1 - down) - 0.035, 0.007, 0.10)
        darken(across * 0, 1.0, 0.10, ((aside > 0.9) & (np.sin(down * 160) > 0.2)) * 1.0)
    elif kind == "moulded":
        darken(across, 0.014, 0.15)
        relief += 0.010 * np.exp(-((across / 0.022) ** 2))
        darken(rim - 0.04, 0.008, 0.12, (np.sin((across + down) * 220) > -0.2) * 1.0)
        darken(aside - 0.86, 0.009, 0.10)
    else:
        darken(across, 0.009, 0.18)
        _print_pattern(colour, across, down, fine, soft, random)
    return Fabric(
        np.ascontiguousarray(np.clip(colour, 0.01, 0.9), np.float32),
        np.ascontiguousarray(relief, np.float32),
        np.asarray([0.05] * 3 if base.mean() < 0.1 or random.random() < 0.2 else [0.72] * 3, np.float32),
    )


def _base_colour(kind: Kind, random: np.random.Generator) -> Floats:
    if kind == "surgical":
        colours = [
            [0.30, 0.52, 0.68],
            [0.78, 0.79, 0.80],
            [0.03, 0.03, 0.035],
            [0.62, 0.40, 0.45],
            [0.32, 0.60, 0.55],
        ]
        return np.array(colours)[random.choice(5, p=[0.4, 0.28, 0.2, 0.06, 0.06])]
    if kind == "cloth":
        return np.asarray(random.uniform(0.05, 0.65, 3))
    colours = [[0.80, 0.80, 0.80], [0.025, 0.025, 0.03], [0.42, 0.42, 0.44], [0.68, 0.58, 0.48]]
    return np.array(colours)[random.choice(4, p=[0.58, 0.26, 0.08, 0.08])]


def _print_pattern(
    colour: npt.NDArray[np.floating],
    across: Floats,
    down: Floats,
    fine: Image,
    soft: Image,
    random: np.random.Generator,
) -> None:
    second = random.uniform(0.05, 0.75, 3)
    size = random.uniform(0.7, 1.4)
    pattern = random.integers(6)
    if pattern == 0:  # dots
        where = np.sin(across * 40 * size) * np.sin(down * 36 * size) > 0.45
    elif pattern == 1:  # checks
        where = (np.sin(across * 38 * size) > 0.55) | (np.sin(down * 34 * size) > 0.55)
    elif pattern == 2:  # stripes
        where = np.sin(across * 30 * size + down * 8) > 0.2
    elif pattern == 3:  # blotches
        where = soft + 0.3 * fine > 0.7
    else:  # plain
        return
    colour[where] = (second * (1 + 0.03 * fine[where][:, None])).astype(np.float32)
