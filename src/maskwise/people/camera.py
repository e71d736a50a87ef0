"""The camera: its position, light scattered under the skin, and the development of a photo from linear light."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people.assets.head import Points
from maskwise.people.plan import Plan
from maskwise.randomness import keyed_generator

NOISE_TILE = 640
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A pinhole camera that looks along -z."""

    position: Floats32  # (3,)
    focal: float  # pixels
    distance: float  # decimetres to the face
    height: int
    width: int

    def project(self, points: Points) -> Points:
        """Screen points (N, 3) of points (N, 3): column, row and depth."""
        depth = self.position[2] - points[:, 2]
        return np.ascontiguousarray(
            np.stack(
                [
                    self.width / 2 + self.focal * (points[:, 0] - self.position[0]) / depth,
                    self.height / 2 - self.focal * (points[:, 1] - self.position[1]) / depth,
                    depth,
                ],
                1,
            ),
            np.float32,
        )


def frame_head(skin: Points, canon: Points, hair: Points | None, plan: Plan, height: int, width: int) -> View:
    """Place the camera so that all of the hair and a part of the shoulders are in the frame."""
    face = skin[(canon[:, 1] > 6.3) & (canon[:, 2] > 1.0)].mean(0)
    top = float(skin[:, 1].max())
    if hair is not None:
        top = max(top, float(np.percentile(hair[..., 1], 99.9)))
    bottom = float(face[1]) - 1.22
    span = (top - bottom) * plan.margin + 0.06
    centre = (top + bottom) / 2 + 0.03
    position = np.array(
        [face[0] + plan.shift[0], centre + plan.shift[1], face[2] + plan.distance], dtype=np.float32
    )
    return View(position, height * plan.distance / span, plan.distance, height, width)


def scatter_under_skin(diffuse: Floats32, share: Floats32, pixels: float) -> Floats32:
    """Blur light (H, W, 3) under the skin, red more widely than green and blue.

    Args:
        diffuse: the light.
        share: how much of it spreads (H, W), 0 to 1.
        pixels: per decimetre.
    """
    out = diffuse.copy()
    for channel, radius in enumerate((0.018, 0.008, 0.0045)):
        sigma = radius * pixels
        weight = cv2.GaussianBlur(share, (0, 0), sigma)
        spread = cv2.GaussianBlur(diffuse[..., channel] * share, (0, 0), sigma) / np.maximum(weight, 1e-4)
        out[..., channel] += 0.65 * share * (spread - diffuse[..., channel])
    return out


def develop(
    image: Floats32, brightness: float, plan: Plan, random: np.random.Generator, height: int, width: int
) -> npt.NDArray[np.uint8]:
    """Turn linear light into a photo (height, width, 3), sRGB: exposure, glow, tone curve, sensor noise."""
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    small = np.asarray(small * np.float32(plan.exposure * 0.5 / (brightness + 0.26)), np.float32)
    small = small * 0.95 + 0.05 * cv2.GaussianBlur(small, (0, 0), max(1.0, height / 64))
    if plan.blur:
        small = cv2.GaussianBlur(small, (0, 0), plan.blur * height / 512 + 1e-3)
    tone = np.asarray(cv2.pow(1 - cv2.exp(-1.25 * np.maximum(small, 0)), 1 / 2.2))
    grey = tone.mean(2, keepdims=True)
    tone = np.clip(grey + (tone - grey) * plan.saturation, 0, 1)
    tone = tone * (1 - plan.contrast) + plan.contrast * tone * tone * (3 - 2 * tone)
    # A random part of a large tile of noise takes a tenth of the time of new noise.
    row, column = (int(shift) for shift in random.integers(0, NOISE_TILE, 2))
    rows, columns = (np.arange(height) + row) % NOISE_TILE, (np.arange(width) + column) % NOISE_TILE
    tone += np.float32(plan.sensor_noise) * sensor_noise()[rows[:, None], columns[None]]
    return np.asarray(np.clip(tone, 0, 1) * 255 + 0.5, dtype=np.uint8)


@lru_cache(maxsize=1)
def sensor_noise() -> Floats32:
    """Noise (NOISE_TILE, NOISE_TILE, 3), correlated between the channels."""
    random = keyed_generator("synthesis", "sensor")
    common = 0.8 * random.standard_normal((NOISE_TILE, NOISE_TILE, 1), dtype=np.float32)
    return common + 0.5 * random.standard_normal((NOISE_TILE, NOISE_TILE, 3), dtype=np.float32)
