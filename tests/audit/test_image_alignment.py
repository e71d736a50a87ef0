from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwise.audit.image_alignment import SAME_PICTURE, SIDE, AlignmentPyramid, detail_correlation, read_grey
from maskwise.data.decoding import PhotoError
from tests.pictures import picture, write_jpeg


def photo(seed: int, *, strength: float = 25) -> np.ndarray:
    """Coarse shades as every photo here has them, and detail of its own (256, 192, 3)."""
    detail = np.random.default_rng(seed).normal(0, strength, (128, 96)).astype(np.float32)
    shades = cv2.resize(picture(0).astype(np.float32), (192, 256))
    image = shades + cv2.resize(detail, (192, 256), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


def seen(path: Path, image: np.ndarray, quality: int = 90) -> AlignmentPyramid:
    write_jpeg(path, image, quality)
    return AlignmentPyramid.of(read_grey(path))


@pytest.mark.parametrize("share", [1.0, 0.8, 0.6])
@pytest.mark.parametrize("mirrored", [False, True])
def test_cropped_mirrored_and_recompressed_copies_are_the_same_picture(
    share: float, mirrored: bool, tmp_path: Path
) -> None:
    original = photo(1)
    height, width = (int(share * side) for side in original.shape[:2])
    part = original[20 if share < 1 else 0 :, 11 if share < 1 else 0 :][:height, :width]
    part = cv2.resize(part[:, ::-1] if mirrored else part, (160, 213), interpolation=cv2.INTER_AREA)
    copy, whole = seen(tmp_path / "a.jpg", part, quality=60), seen(tmp_path / "b.jpg", original)
    assert max(copy.grey.shape) == max(whole.grey.shape) == SIDE
    assert detail_correlation(whole, copy) >= SAME_PICTURE
    assert detail_correlation(copy, whole) >= SAME_PICTURE


@pytest.mark.parametrize("frame", ["none", "border", "cut out"])
def test_photos_with_the_same_light_and_frame_but_other_detail_are_not_one_picture(
    frame: str, tmp_path: Path
) -> None:
    down, across = np.mgrid[-1:1:256j, -1:1:192j]
    hidden = {
        "none": np.zeros((256, 192), dtype=bool),
        "border": np.maximum(abs(down), abs(across)) > 0.85,
        "cut out": down**2 + across**2 > 1,
    }[frame]
    shown = [photo(seed, strength=25 if frame == "none" else 60) for seed in range(5)]
    greys = [
        seen(tmp_path / f"{seed}.jpg", np.where(hidden[..., None], 0, image).astype(np.uint8))
        for seed, image in enumerate(shown)
    ]
    correlations = [detail_correlation(a, b) for k, a in enumerate(greys) for b in greys[:k]]
    assert max(correlations) < 0.9 * SAME_PICTURE
    assert max(correlations) > 0  # they are aligned: it is the detail that differs


def test_photos_without_detail_are_not_copies_of_each_other() -> None:
    flat = AlignmentPyramid.of(np.full((96, 72), 128, np.float32))
    assert detail_correlation(flat, flat) == 0.0
    thin = AlignmentPyramid.of(np.random.default_rng(0).uniform(0, 255, (96, 2)).astype(np.float32))
    assert detail_correlation(thin, thin) == 0.0
    assert detail_correlation(flat, thin) == 0.0


def test_a_photo_that_can_not_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"x")
    with pytest.raises(PhotoError):
        read_grey(tmp_path / "x.jpg")
