from pathlib import Path

import numpy as np
import pytest
import torch

from maskwise.data.decoding import PhotoError
from maskwise.inference.features import extract_features
from maskwise.models.backbones.create_backbone import create_backbone
from tests.pictures import picture, write_jpeg


def test_features_are_the_backbones_in_the_photos_order(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.jpg" for i in range(70)]  # more than a batch
    for i, path in enumerate(paths):
        write_jpeg(path, picture(i % 35, height=32, width=32), 95)
    done: list[tuple[int, int]] = []
    features = extract_features(paths, side=32, progress=lambda *step: done.append(step))
    assert features.shape == (70, 1280)
    assert done[0] == (0, 70)
    assert done[-1] == (70, 70)
    assert done == sorted(done)
    assert np.allclose(features[:35], features[35:], atol=1e-4)
    made = create_backbone("tf_efficientnet_lite0", weights="bundled")
    from maskwise.data.decoding import decode, read_header

    data = paths[3].read_bytes()
    pixels = torch.from_numpy(decode(data, read_header(data)).pixels.copy()).float() / 255
    with torch.inference_mode():
        expected = made.module.eval()((pixels.permute(2, 0, 1)[None] - 0.5) / 0.5)
    assert np.allclose(features[3], expected[0].numpy(), atol=1e-3)


def test_a_photo_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="missing"):
        extract_features([tmp_path / "gone.jpg"], side=32)
