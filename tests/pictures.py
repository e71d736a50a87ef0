"""Small pictures with known labels: enough to read, split, train and predict without any photo of a person."""

import csv
from pathlib import Path

import cv2
import numpy as np
import simplejpeg

STEMS = ("mask1", "mask2", "mask3", "mask4", "mask5", "incorrect_mask", "normal")


def picture(seed: int, *, height: int = 128, width: int = 96) -> np.ndarray:
    """Smooth colour noise (height, width, 3): unlike for every seed, compressible, with detail."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (8, 6, 3)).astype(np.float32)
    fine = random.normal(0, 6, (height // 2, width // 2, 3)).astype(np.float32)
    image = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    image += cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(image, 0, 255).astype(np.uint8)


def portrait(seed: int, stem: str, gender: str, age: int) -> np.ndarray:
    """A picture that shows its labels: a mask's bar, the gender's hue, the age's brightness."""
    image = picture(seed)
    image[:, :, 0 if gender == "male" else 2] = 230
    image[:30] = min(255, age * 3)
    if stem != "normal":
        top = 70 if stem.startswith("mask") else 95
        image[top : top + 25, 20:76] = (250, 250, 250)
    return image


def write_jpeg(path: Path, image: np.ndarray, quality: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality=quality))


def make_people(root: Path, n: int, *, seed: int = 0, first: int = 0) -> Path:
    """A data set in the competition's layout with `n` persons of all genders and bands, ids from `first` on."""
    rows = []
    for index in range(n):
        gender = ("male", "female")[index % 2]
        age = (18, 29, 30, 45, 59, 60)[index // 2 % 6]
        name = f"{first + index:06d}_{gender}_Asian_{age}"
        rows.append((f"{first + index:06d}", gender, ("A", "B")[index // 3 % 2], age, name))
        for place, stem in enumerate(STEMS):
            write_jpeg(
                root / "images" / name / f"{stem}.jpg", portrait(seed + index * 10 + place, stem, gender, age)
            )
    write_table(root / "train.csv", ("id", "gender", "race", "age", "path"), rows)
    return root


def make_eval(root: Path, n: int) -> list[str]:
    """An evaluation set with an `info.csv` in no alphabetical order."""
    names = [f"{(n - index) * 7919 % 10007:040x}.jpg" for index in range(n)]
    for index, name in enumerate(names):
        write_jpeg(root / "images" / name, portrait(5000 + index, STEMS[index % 7], "male", 30))
    write_table(root / "info.csv", ("ImageID", "ans"), [(name, 0) for name in names])
    return names


def write_table(path: Path, header: tuple[str, ...], rows: list[tuple[object, ...]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


TINY = (
    "model.backbone=test_efficientnet",
    "model.weights=none",
    "transform.steps.resize.height=32",
    "transform.steps.resize.width=32",
    "training.precision=32-true",
    "training.batch_size=16",
    "training.epochs=2",
    "training.threads=1",
    "optimizer.lr=0.005",
)
"""Settings that make any recipe train in seconds."""
