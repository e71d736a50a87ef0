"""The texture of a face: colour and relief of skin, lips and hair roots, in canonical coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people.identity import Identity
from maskwise.people.noise import Image, smooth_noise, smoothstep

SCALE = 256  # pixels per decimetre
LEFT, TOP, BOTTOM = -0.95, 8.55, 5.5  # the area of the canvas in canonical coordinates
WIDTH, HEIGHT = int(-2 * LEFT * SCALE), int((TOP - BOTTOM) * SCALE)
_X, _Y = np.meshgrid(
    (np.arange(WIDTH) / SCALE + LEFT).astype(np.float32), (TOP - np.arange(HEIGHT) / SCALE).astype(np.float32)
)
_SIDE = np.abs(_X)  # the two halves of a face are alike


@dataclass(frozen=True)
class FaceTexture:
    """Textures (HEIGHT, WIDTH) of the front of the face."""

    albedo: Image  # (HEIGHT, WIDTH, 3), linear RGB
    relief: Image  # decimetres
    lips: Image  # share of lip
    brows: Image  # density of brow hair
    beard: Image  # density of beard hair


class _Canvas:
    def __init__(self, identity: Identity) -> None:
        self.colour = np.ones((HEIGHT, WIDTH, 3), np.float32)  # multiplies the skin's tone
        self.relief = np.zeros((HEIGHT, WIDTH), np.float32)
        self._identity = identity

    def tint(self, mask: npt.NDArray[np.floating], colour: Sequence[float], amount: float) -> None:
        """Blend towards a colour where `mask` is 1."""
        if amount > 0.01:
            share = (mask * amount).astype(np.float32)[..., None]
            self.colour += share * (np.asarray(colour, np.float32) - self.colour)

    def spot(self, x: float, y: float, radius: float, colour: Sequence[float], amount: float) -> None:
        """Paint a soft round spot."""
        left, top = int((x - LEFT - 3 * radius) * SCALE), int((TOP - y - 3 * radius) * SCALE)
        size = int(6 * radius * SCALE) + 2
        if left < 0 or top < 0 or left + size > WIDTH or top + size > HEIGHT:
            return
        window = (slice(top, top + size), slice(left, left + size))
        square = ((_X[window] - x) ** 2 + (_Y[window] - y) ** 2) / radius**2
        share = (np.exp(-(square**1.5)) * amount).astype(np.float32)[..., None]
        self.colour[window] += share * (np.asarray(colour, np.float32) - self.colour[window])

    def crease(
        self, places: Sequence[tuple[float, float]], width: float, depth: float, stray: float = 0.01
    ) -> None:
        """Engrave a furrow through places, with raised edges, deepest in its middle."""
        if depth < 2e-4:
            return
        random = self._identity.random("crease", *(int(1000 * v) for v in places[0]))
        knots = np.asarray(places, np.float32)
        t, k = np.linspace(0, 1, 20), np.linspace(0, 1, len(knots))
        wander = [np.convolve(random.standard_normal(26), np.ones(7) / 7, "valid") for _ in range(2)]
        x = (np.interp(t, k, knots[:, 0]) + stray * wander[0] - LEFT) * SCALE
        y = (TOP - np.interp(t, k, knots[:, 1]) + stray * wander[1]) * SCALE
        left, right = max(0, int(x.min()) - 26), min(WIDTH, int(x.max()) + 26)
        top, bottom = max(0, int(y.min()) - 26), min(HEIGHT, int(y.max()) + 26)
        if right - left < 4 or bottom - top < 4:
            return
        line = np.zeros((bottom - top, right - left), np.float32)
        thickness = max(1, round(width * SCALE))
        for i in range(19):
            a = (int((x[i] - left) * 8), int((y[i] - top) * 8))
            b = (int((x[i + 1] - left) * 8), int((y[i + 1] - top) * 8))
            cv2.line(line, a, b, float(np.sin(np.pi * (i + 0.7) / 19.4) ** 0.6), thickness, cv2.LINE_AA, 3)
        narrow = cv2.GaussianBlur(line, (0, 0), max(0.8, width * SCALE * 0.7))
        wide = cv2.GaussianBlur(line, (0, 0), max(2.0, width * SCALE * 2.2))
        profile = narrow / max(float(narrow.max()), 1e-6) - 0.45 * wide / max(float(wide.max()), 1e-6)
        self.relief[top:bottom, left:right] -= np.asarray(depth * profile, np.float32)


def paint_face(identity: Identity) -> FaceTexture:
    """The texture of a person's face."""
    canvas = _Canvas(identity)
    _creases(canvas, identity)
    lips, crinkle = _lips(canvas, identity)
    _grain(canvas, identity)
    _complexion(canvas, identity)
    hollow = np.minimum(0, cv2.GaussianBlur(canvas.relief, (0, 0), 1.2))
    canvas.colour *= np.exp(16 * hollow)[..., None]
    albedo = canvas.colour * identity.skin.astype(np.float32)
    albedo = _lip_colour(albedo, lips, crinkle, identity)
    if identity.makeup:
        shadow = _blob(0.31, 7.39, 0.13, 0.03)
        albedo *= (1 - 0.4 * identity.makeup * shadow)[..., None]
    beard = _beard_density(lips, identity)
    albedo = _beard_shadow(albedo, beard, identity)
    brows = _brow_density(identity)
    share = np.clip(0.45 * brows, 0, 0.9)[..., None]
    albedo = albedo * (1 - share) + share * (identity.hair * 0.9 + 0.3 * identity.grey * 0.5)
    return FaceTexture(
        np.ascontiguousarray(albedo, np.float32),
        np.ascontiguousarray(canvas.relief, np.float32),
        lips.astype(np.float32),
        brows.astype(np.float32),
        beard.astype(np.float32),
    )


def _blob(x: float, y: float, width: float, height: float) -> npt.NDArray[np.floating]:
    """A soft ellipse on either side."""
    return np.exp(-(((_SIDE - x) / width) ** 2 + ((_Y - y) / height) ** 2))


def _creases(canvas: _Canvas, identity: Identity) -> None:
    """Lines of brow, eyes, cheeks, mouth and neck; each appears at its own age."""
    random = identity.random("creases")

    def past(onset: float) -> float:
        return max(0.0, identity.wrinkles - onset)

    for y in np.linspace(7.63, 7.92, 5):
        level, reach = y + random.uniform(-0.02, 0.02), random.uniform(0.30, 0.46)
        wave = [(-reach, level - 0.01), (-0.2, level + 0.02), (0.0, level - 0.012), (0.2, level + 0.02)]
        canvas.crease(
            [*wave, (reach, level - 0.01)], 0.010, 0.017 * past(0.15) * random.uniform(0.5, 1.2), 0.02
        )
    for side in (-1, 1):
        canvas.crease(
            [(side * 0.055, 7.56), (side * 0.05, 7.45)], 0.012, 0.016 * past(0.3) * random.uniform(0.2, 1.2)
        )
        for rise in (0.09, 0.04, -0.02, -0.075, -0.12):  # crow's feet
            depth = 0.018 * past(0.18) * random.uniform(0.5, 1.3)
            end = (side * random.uniform(0.6, 0.66), 7.345 + rise * 1.4)
            canvas.crease(
                [(side * 0.475, 7.35 + rise * 0.25), (side * 0.545, 7.35 + rise * 0.7), end], 0.007, depth
            )
        lid = [(0.175, 7.31), (0.24, 7.265), (0.33, 7.255), (0.42, 7.285)]
        canvas.crease([(side * x, y) for x, y in lid], 0.010, 0.006 + 0.018 * past(0.12))
        bag = [(0.17, 7.28), (0.25, 7.20), (0.34, 7.185), (0.45, 7.24)]
        canvas.crease([(side * x, y) for x, y in bag], 0.016, 0.025 * past(0.25))
        canvas.crease(
            [(side * 0.18, 7.24), (side * 0.28, 7.13), (side * 0.4, 7.12)], 0.012, 0.012 * past(0.5)
        )
        fold = [(0.175, 7.03), (0.235, 6.92), (0.285, 6.78), (0.30, 6.66)]
        canvas.crease([(side * x, y) for x, y in fold], 0.017, 0.005 + 0.034 * past(0.10))
        canvas.crease(
            [(side * 0.25, 6.665), (side * 0.285, 6.57), (side * 0.28, 6.44)], 0.014, 0.028 * past(0.3)
        )
        canvas.crease(
            [(side * 0.34, 6.85), (side * 0.40, 6.70), (side * 0.40, 6.55)], 0.012, 0.016 * past(0.5)
        )
        for _ in range(5):  # above the lip
            x = side * random.uniform(0.02, 0.2)
            canvas.crease([(x * 0.9, 6.86), (x, 6.765)], 0.006, 0.012 * past(0.45) * random.random())
        for _ in range(6):  # cheeks
            x, y = side * random.uniform(0.42, 0.6), random.uniform(6.75, 7.2)
            line = [(x, y), (x + side * 0.03, y - 0.1), (x + side * 0.02, y - 0.2)]
            canvas.crease(line, 0.006, 0.011 * past(0.4) * random.random(), 0.03)
    for y in (6.16, 6.02, 5.9):
        line = [(-0.45, y + 0.05), (0.0, y - 0.03), (0.45, y + 0.05)]
        canvas.crease(line, 0.014, 0.006 + 0.024 * past(0.15) * random.random(), 0.02)
    for x in (-0.16, 0.15):
        canvas.crease([(x, 6.3), (x * 1.2, 5.95)], 0.02, 0.022 * past(0.5))


def _grain(canvas: _Canvas, identity: Identity) -> None:
    """The grain of the skin, which becomes coarser and crinkled with age."""
    random = identity.random("grain")
    coarse = smooth_noise(random, HEIGHT, WIDTH, 9)
    crinkled = smooth_noise(random, HEIGHT, WIDTH, 16, stretch=(1.8, 0.6))
    wrinkles = identity.wrinkles
    canvas.relief += np.float32(0.0003 + 0.0013 * wrinkles) * coarse * smoothstep(6.1, 6.4, _Y)
    canvas.relief += np.float32(0.0045 * max(0.0, wrinkles - 0.3)) * crinkled * (_Y < 6.9) * 0.8
    pores = smooth_noise(random, HEIGHT, WIDTH, 2.5, octaves=1)
    nose_and_cheeks = np.exp(-((_SIDE / 0.42) ** 2) - ((_Y - 7.05) / 0.28) ** 2)
    open_pores = 0.0006 + 0.0010 * min(1.0, wrinkles) + 0.0004 * identity.masculinity
    canvas.relief -= np.float32(open_pores) * np.maximum(pores, 0) * (0.35 + nose_and_cheeks)


def _lips(canvas: _Canvas, identity: Identity) -> tuple[npt.NDArray[np.floating], Image]:
    random = identity.random("lips")
    reach = _SIDE / 0.235
    bow = 0.012 * np.exp(-(((_SIDE - 0.05) / 0.03) ** 2)) - 0.008 * np.exp(-((_X / 0.02) ** 2))
    upper = 6.69 + 0.065 * (1 - reach**2.2) + bow
    lower = 6.675 - 0.10 * np.clip(1 - reach**2, 0, 1) ** 0.75
    inside = np.where(reach < 1.02, np.minimum(upper - _Y, _Y - lower), -0.05)
    lips = smoothstep(-0.012, 0.012, inside)
    crinkle = smooth_noise(random, HEIGHT, WIDTH, 14, stretch=(0.35, 2.2))
    canvas.relief += (lips * 0.002 * crinkle).astype(np.float32)
    return lips, crinkle


def _lip_colour(
    albedo: npt.NDArray[np.floating], lips: npt.NDArray[np.floating], crinkle: Image, identity: Identity
) -> npt.NDArray[np.floating]:
    random = identity.random("lip colour")
    colour = identity.skin * [0.95, 0.62, 0.66] * (1 if identity.melanin < 0.5 else 0.95)
    colour = colour * (1 - 0.3 * min(1, identity.aging)) + identity.skin * 0.27 * min(1, identity.aging)
    if identity.makeup:
        sticks = np.array([[0.42, 0.04, 0.06], [0.45, 0.10, 0.12], [0.35, 0.06, 0.10], [0.48, 0.16, 0.14]])
        share = 0.65 * identity.makeup
        colour = colour * (1 - share) + sticks[random.integers(4)] * share
    mixed = albedo * (1 - lips[..., None]) + colour * (1 + 0.06 * crinkle[..., None]) * lips[..., None]
    line = np.exp(-(((_Y - (6.682 - 0.006 * np.cos(_X * 26))) / 0.010) ** 2)) * (_SIDE < 0.225)
    return np.asarray(mixed * (1 - 0.6 * line)[..., None])


def _complexion(canvas: _Canvas, identity: Identity) -> None:
    random = identity.random("complexion")
    aging = min(1.0, identity.aging)
    red = [1.08, 0.80, 0.78]
    canvas.tint(_blob(0.36, 7.02, 0.17, 0.15), red, random.uniform(0.2, 0.8))
    canvas.tint(_blob(0.0, 6.98, 0.14, 0.10), red, random.uniform(0.4, 0.9))
    canvas.tint(_blob(0.0, 6.42, 0.2, 0.08), red, 0.3)
    canvas.tint(
        _blob(0.28, 7.245, 0.13, 0.045), [0.80, 0.72, 0.76], random.uniform(0.05, 0.35) + 0.55 * aging
    )
    canvas.tint(_blob(0.31, 7.40, 0.15, 0.035), [0.88, 0.80, 0.78], 0.3 + 0.3 * aging)
    mottled = smooth_noise(random, HEIGHT, WIDTH, 40)
    canvas.tint(np.clip(mottled * 0.35 + 0.3, 0, 1), [1.03, 0.90, 0.88], 0.25 + 0.35 * aging)
    blotched = smooth_noise(random, HEIGHT, WIDTH, 9)
    canvas.tint(np.clip(blotched * 0.3 + 0.2, 0, 1), [0.95, 0.86, 0.83], 0.12 + 0.5 * aging)
    canvas.tint(np.ones((1, 1)), [0.97, 0.95, 0.88], 0.5 * aging)  # sallower
    sun = smoothstep(33, 70, identity.age) * random.uniform(0.4, 1.2)
    for _ in range(int(40 * sun)):
        place = (random.uniform(-0.65, 0.65), random.uniform(6.5, 8.1))
        canvas.spot(*place, random.uniform(0.008, 0.03), [0.70, 0.57, 0.48], random.uniform(0.2, 0.75))
    for _ in range(random.integers(0, 5)):
        canvas.spot(random.uniform(-0.55, 0.55), random.uniform(6.4, 7.9), 0.011, [0.3, 0.22, 0.2], 0.8)
    if identity.age < 26:  # blemishes of the young
        for _ in range(random.integers(0, 7)):
            canvas.spot(random.uniform(-0.5, 0.5), random.uniform(6.45, 7.9), 0.014, [1.05, 0.62, 0.60], 0.5)
    if identity.freckles:
        specks = smooth_noise(random, HEIGHT, WIDTH, 3.5, octaves=1)
        mask = smoothstep(1.5, 2.2, specks) * _blob(0.0, 7.08, 0.5, 0.22)
        canvas.tint(mask, [0.72, 0.55, 0.45], identity.freckles)


def _beard_density(lips: npt.NDArray[np.floating], identity: Identity) -> npt.NDArray[np.floating]:
    jaw = smoothstep(6.98, 6.72, _Y - 0.84 * np.clip(_SIDE - 0.38, 0, 1)) * smoothstep(6.10, 6.28, _Y)
    jaw = jaw * smoothstep(0.20, 0.34, _SIDE + 3 * np.clip(6.62 - _Y, 0, 1))
    moustache = smoothstep(0.30, 0.24, _SIDE) * smoothstep(
        6.72, 6.755, _Y + 0.1 * np.clip(_SIDE - 0.15, 0, 1)
    )
    moustache = moustache * smoothstep(6.90, 6.86, _Y) * (1 - lips)
    goatee = smoothstep(0.22, 0.16, _SIDE) * smoothstep(6.58, 6.54, _Y) * smoothstep(6.2, 6.3, _Y)
    full = np.maximum(jaw, np.maximum(moustache, goatee)) * (1 - lips)
    if identity.beard == "goatee":
        return np.maximum(moustache, goatee) * (1 - lips)
    return moustache if identity.beard == "moustache" else full


def _beard_shadow(
    albedo: npt.NDArray[np.floating], beard: npt.NDArray[np.floating], identity: Identity
) -> npt.NDArray[np.floating]:
    """Hair roots under the skin, also of a shaven face."""
    if identity.gender == "female":
        return albedo
    shades = {
        "none": 0.10 + 0.10 * identity.masculinity,
        "stubble": 0.45,
        "full": 0.5,
        "goatee": 0.25,
        "moustache": 0.2,
    }
    roots = smoothstep(-0.6, 1.2, smooth_noise(identity.random("roots"), HEIGHT, WIDTH, 2.5, octaves=1))
    colour = identity.hair * (1 - identity.grey) + 0.35 * identity.grey
    share = (beard * shades[identity.beard] * (0.45 + 0.75 * roots))[..., None]
    return np.asarray(albedo * (1 - share) + share * (np.minimum(colour + 0.02, albedo.min()) + 0.02))


def _brow_density(identity: Identity) -> npt.NDArray[np.floating]:
    """The density of level brows with a soft arch; brows that slope down to the nose look angry."""
    along = np.clip((_SIDE - 0.10) / 0.42, 0, 1)
    random = identity.random("brow")
    arch = 0.030 + 0.02 * (1 - identity.masculinity) * random.uniform(0.5, 1.2)
    centre = 7.478 + arch * np.sin(np.pi * np.clip(along * 0.78 + 0.13, 0, 1)) - 0.028 * along**2
    half = 0.034 * (1 - 0.62 * along) * (0.8 + 0.35 * identity.masculinity)
    ridge = np.exp(-((((_Y - centre) / half) ** 2) ** 1.5))
    thin = 1 - 0.35 * max(0.0, identity.aging - 0.5)
    return np.asarray(
        ridge * smoothstep(0.08, 0.14, _SIDE) * (1 - smoothstep(0.46, 0.54, _SIDE)) * identity.brow * thin
    )
