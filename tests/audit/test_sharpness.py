from pathlib import Path

import cv2
import numpy as np

from maskwise.audit.sharpness import is_blurred, measure_sharpness
from tests.pictures import picture, write_jpeg


def test_a_blurred_photo_has_far_less_detail_than_the_others(tmp_path: Path) -> None:
    paths = [tmp_path / f"{k}.jpg" for k in range(40)]
    for k, path in enumerate(paths):
        image = picture(k, height=256, width=192)
        write_jpeg(path, cv2.GaussianBlur(image, (0, 0), 6) if k == 7 else image)
    paths[11].write_bytes(b"broken")
    seen: list[tuple[int, int]] = []
    sharpness = measure_sharpness(paths, lambda done, total: seen.append((done, total)))
    assert np.flatnonzero(is_blurred(sharpness)).tolist() == [7]
    assert np.isnan(sharpness[11])
    assert seen[-1] == (40, 40)
    assert not is_blurred(np.full(5, np.nan)).any()
    assert not is_blurred(np.zeros(0)).any()
