"""Backgrounds out of focus: walls, rooms, streets."""

import cv2
import numpy as np

from maskwise.people.noise import Image, smooth_noise

KINDS = ("wall", "gradient", "room", "street", "foliage", "lights")
SHARES = (0.26, 0.20, 0.20, 0.14, 0.12, 0.08)


def paint_background(kind: str, height: int, width: int, random: np.random.Generator) -> Image:
    """A blurred background (height, width, 3), linear RGB of about 0.05 to 1."""
    tone = random.uniform(0.12, 0.7) * np.array([1, random.uniform(0.93, 1.05), random.uniform(0.85, 1.1)])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y / height - 0.5, x / width - 0.5
    image = np.tile(tone.astype(np.float32), (height, width, 1))
    slope = 1 - random.uniform(-0.5, 0.5) * x - random.uniform(-0.2, 0.5) * y
    image *= slope[..., None].astype(np.float32)
    if kind == "wall":
        image *= (1 + 0.035 * smooth_noise(random, height, width, 40))[..., None]
    elif kind == "gradient":
        image *= (1.25 - 1.2 * np.hypot(x, y))[..., None]
    elif kind == "room":
        for _ in range(random.integers(5, 16)):
            left, top = int(random.integers(-40, width)), int(random.integers(-60, height))
            size = (int(random.integers(15, width // 2)), int(random.integers(20, height)))
            colour = tone * random.uniform(0.25, 1.5) * random.uniform(0.75, 1.2, 3)
            cv2.rectangle(image, (left, top), (left + size[0], top + size[1]), colour.tolist(), -1)
    elif kind == "street":
        for left in range(-20, width, int(random.integers(25, 70))):
            top = int(random.uniform(0.0, 0.5) * height)
            colour = tone * random.uniform(0.3, 1.2) * random.uniform(0.85, 1.15, 3)
            cv2.rectangle(image, (left, top), (left + 60, height), colour.tolist(), -1)
            for row in range(top + 10, height, 26):
                light = random.random() < 0.5
                cv2.rectangle(
                    image,
                    (left + 8, row),
                    (left + 22, row + 12),
                    (colour * (2.0 if light else 0.5)).tolist(),
                    -1,
                )
    elif kind == "foliage":
        leaves = smooth_noise(random, height, width, 24, octaves=4)[..., None]
        green = np.array([0.12, 0.22, 0.06]) * random.uniform(0.6, 1.8) * [random.uniform(0.7, 1.6), 1, 1]
        image = (green * np.exp(0.75 * leaves)).astype(np.float32)
    else:
        image *= 0.35
        for _ in range(int(random.integers(15, 50))):
            place = (int(random.integers(width)), int(random.integers(int(height * 0.8))))
            colour = random.uniform(0.2, 1.6) * random.uniform(0.5, 1.2, 3)
            cv2.circle(image, place, int(random.integers(3, 12)), colour.tolist(), -1)
    blur = {"wall": 1.0, "gradient": 1.0, "foliage": random.uniform(3, 8)}.get(kind, random.uniform(2, 8))
    return np.clip(cv2.GaussianBlur(image, (0, 0), blur), 0.01, 1.4)
