"""Clothes: painted on a canvas around the body, with collars and folds in relief."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people.assets.head import Points
from maskwise.people.identity import Identity
from maskwise.people.noise import Image, smooth_noise, smoothstep

Kind = Literal["tee", "v-neck", "turtleneck", "shirt", "hoodie", "jacket"]
KINDS: tuple[Kind, ...] = ("tee", "v-neck", "turtleneck", "shirt", "hoodie", "jacket")
SHARES = np.array([0.34, 0.12, 0.10, 0.20, 0.10, 0.14])
AXIS_Z = 0.3
LOW, HIGH = 4.3, 6.6  # decimetres that the canvas covers
ROWS, COLUMNS = 256, 640
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Garment:
    """A canvas (ROWS, COLUMNS) around the body: angle from the back over the front, height from the top."""

    kind: Kind
    colour: Image  # (ROWS, COLUMNS, 3), linear RGB
    relief: Image  # decimetres
    cover: Image  # 0 where there is skin
    offset: Points  # (V, 3), from each vertex of the skin to the cloth


def dress(identity: Identity, canon: Points, normals: Points) -> Garment:
    """Draw a garment for a person.

    Args:
        identity: the person.
        canon: the canonical coordinates (V, 3) of the skin.
        normals: of the person's skin (V, 3).
    """
    random = identity.random("garment")
    kind = KINDS[random.choice(len(KINDS), p=SHARES)]
    angle, y = np.meshgrid(
        np.linspace(-np.pi, np.pi, COLUMNS, dtype=np.float32), np.linspace(HIGH, LOW, ROWS, dtype=np.float32)
    )
    edge = _collar(kind, angle)
    cover = smoothstep(-0.008, 0.008, edge - y)
    colour, relief = _cloth(random)
    below = edge - y  # decimetres under the collar's edge
    if kind in ("tee", "v-neck", "hoodie"):
        rib = smoothstep(0.10, 0.085, below)
        relief += 0.010 * rib
        colour *= (1 - 0.16 * np.exp(-(((below - 0.095) / 0.008) ** 2)))[..., None]
    if kind == "turtleneck":
        for fold in (0.10, 0.22, 0.33):
            relief += 0.016 * np.exp(-(((below - fold + 0.02 * np.sin(angle * 3)) / 0.035) ** 2))
    if kind == "hoodie":
        relief += 0.05 * np.exp(-(((below - 0.16) / 0.07) ** 2))
        for side in (-0.16, 0.16):
            string = np.exp(-(((angle - side - 0.03 * np.sin(y * 9)) / 0.012) ** 2)) * smoothstep(
                0.1, 0.16, below
            )
            colour += string[..., None] * (0.7 - colour)
    if kind == "shirt":
        _shirt(colour, relief, angle, below, random)
    if kind == "jacket":
        _jacket(colour, relief, angle, y, random)
    sampled = _at(canon, edge[0])
    standing = 0.05 + (0.05 if kind in ("jacket", "hoodie") else 0.0)
    folds = smooth_noise(random, 64, 64, 18, octaves=2)
    place = np.arctan2(canon[:, 0], canon[:, 2] - AXIS_Z)
    fold = folds[np.floor(canon[:, 1] * 14).astype(int) % 64, np.floor(place * 10 + 32).astype(int) % 64]
    amount = (standing + 0.014 * fold) * smoothstep(0.0, 0.16, sampled - canon[:, 1])
    return Garment(
        kind,
        np.ascontiguousarray(np.clip(colour, 0.008, 0.85), np.float32),
        np.ascontiguousarray(relief, np.float32),
        np.ascontiguousarray(cover, np.float32),
        (normals * amount[:, None]).astype(np.float32),
    )


def _at(canon: Points, edge: Floats) -> Floats:
    angle = np.arctan2(canon[:, 0], canon[:, 2] - AXIS_Z)
    return np.interp(angle, np.linspace(-np.pi, np.pi, COLUMNS), edge)


def _collar(kind: Kind, angle: Floats) -> Floats:
    """The height of the upper edge by angle, 0 in front."""
    front = np.maximum(0, np.cos(angle)) ** 2
    if kind == "turtleneck":
        return 6.27 + 0.03 * np.cos(angle)
    if kind == "v-neck":
        return 6.04 - 0.60 * np.clip(1 - np.abs(angle) / 0.5, 0, 1)
    if kind == "shirt":
        return 6.24 - 0.42 * np.clip(1 - np.abs(angle) / 0.55, 0, 1) ** 1.2
    if kind == "hoodie":
        return 6.16 - 0.26 * front
    return 6.04 - 0.20 * front


def _tone(random: np.random.Generator) -> Floats:
    """The colour of a cloth, linear RGB; muted more often than not."""
    if random.random() < 0.45:
        return np.full(3, random.choice([0.018, 0.035, 0.12, 0.30, 0.62])) * random.uniform(0.9, 1.1, 3)
    colour = random.uniform(0.02, 0.45, 3)
    return np.asarray((0.6 * colour + 0.4 * colour.mean()) * random.uniform(0.4, 1.0))


def _cloth(random: np.random.Generator) -> tuple[Floats, Floats]:
    """Plain, striped or checked cloth with its weave and soft folds."""
    colour = np.tile(_tone(random), (ROWS, COLUMNS, 1))
    kind = random.choice(["plain", "stripes", "checks", "melange"], p=[0.62, 0.14, 0.10, 0.14])
    across, down = (
        np.arange(COLUMNS)[None] + np.zeros((ROWS, 1)),
        np.arange(ROWS)[:, None] + np.zeros((1, COLUMNS)),
    )
    second, size = _tone(random), random.uniform(0.12, 0.4)
    if kind == "stripes":
        colour[np.sin(down * size) > random.uniform(0, 0.6)] = second
    elif kind == "checks":
        colour = colour * 0.6 + 0.4 * np.where((np.sin(down * size) > 0.3)[..., None], second, colour)
        colour = colour * 0.6 + 0.4 * np.where((np.sin(across * size) > 0.3)[..., None], second, colour)
    elif kind == "melange":
        colour *= (1 + 0.22 * smooth_noise(random, ROWS, COLUMNS, 2.5, octaves=1))[..., None]
    colour *= (1 + 0.05 * smooth_noise(random, ROWS, COLUMNS, 2.2, octaves=1))[..., None]
    folds = smooth_noise(random, ROWS, COLUMNS, 90, octaves=3, stretch=(0.7, 1.5))
    return colour, 0.018 * folds


def _shirt(colour: Floats, relief: Floats, angle: Floats, below: Floats, random: np.random.Generator) -> None:
    """A turned-down collar with points, a placket, buttons."""
    aside = np.abs(angle)
    flap = smoothstep(0.34, 0.32, below + 0.10 * np.clip(1 - np.abs(aside - 0.35) / 0.3, 0, 1) * -1.0)
    flap = flap * smoothstep(0.03, 0.06, aside)
    relief += 0.03 * flap
    seam = np.exp(-(((below - 0.33) / 0.012) ** 2)) * (aside > 0.04)
    colour *= (1 - 0.30 * seam)[..., None]
    placket = smoothstep(0.085, 0.078, aside)
    relief += 0.008 * placket
    colour *= (1 - 0.15 * np.exp(-(((aside - 0.08) / 0.006) ** 2)))[..., None]
    tone = np.asarray([0.6, 0.58, 0.55]) if random.random() < 0.7 else np.asarray([0.05, 0.04, 0.04])
    for place in (0.55, 0.95, 1.35):
        button = smoothstep(0.030, 0.024, np.hypot(angle * 0.9, below - place))
        colour += button[..., None] * (tone - colour)


def _jacket(colour: Floats, relief: Floats, angle: Floats, y: Floats, random: np.random.Generator) -> None:
    """An open jacket: lapels in relief, another cloth underneath."""
    outer = np.tile(_tone(random) * random.uniform(0.3, 0.9), (ROWS, COLUMNS, 1))
    outer *= (1 + 0.06 * smooth_noise(random, ROWS, COLUMNS, 2.2, octaves=1))[..., None]
    aside = np.abs(angle)
    opening = 0.10 + 0.52 * smoothstep(4.6, 6.15, y)
    inside = smoothstep(0.01, -0.01, aside - opening)
    lapel = smoothstep(-0.01, 0.0, aside - opening) * smoothstep(
        0.30, 0.28, aside - opening - 0.05 * np.sin(y * 4)
    )
    colour[...] = colour * inside[..., None] + outer * (1 - inside[..., None])
    relief += 0.05 * (1 - inside) + 0.03 * lapel
    edge = np.exp(-(((aside - opening - 0.29) / 0.012) ** 2)) + 0.7 * np.exp(
        -(((aside - opening) / 0.010) ** 2)
    )
    colour *= (1 - 0.35 * np.clip(edge, 0, 1))[..., None]
    relief[...] = cv2.GaussianBlur(relief.astype(np.float32), (0, 0), 1.0)
