from importlib import metadata

import numpy as np
import pytest
import torch

from maskwise.models.backbones.dlib_weights import DLIB_FACE_WEIGHTS, read_packaged_file
from maskwise.models.backbones.face_resnet import (
    FACE_RESNET_MEAN,
    FACE_RESNET_SIDE,
    FACE_RESNET_STD,
    create_face_resnet,
)

# Behind the features dlib has a matrix (256, 128) without bias, which the backbone leaves out.
PROJECTION_TAG, PROJECTION_OFFSET = b"fc_2", 20


def test_equal_to_dlib() -> None:
    dlib = pytest.importorskip("dlib")
    images = np.random.default_rng(0).integers(0, 256, (3, FACE_RESNET_SIDE, FACE_RESNET_SIDE, 3), np.uint8)
    images[1] = np.linspace(0, 255, FACE_RESNET_SIDE, dtype=np.uint8)[:, None]
    content = read_packaged_file(DLIB_FACE_WEIGHTS)
    file = metadata.distribution(DLIB_FACE_WEIGHTS.distribution).locate_file(DLIB_FACE_WEIGHTS.path)
    reference = dlib.face_recognition_model_v1(str(file))
    expected = np.array([reference.compute_face_descriptor(image) for image in images])

    place = content.index(PROJECTION_TAG) + PROJECTION_OFFSET
    projection = np.frombuffer(content, "<f4", 256 * 128, place).reshape(256, 128)
    mean, std = (torch.tensor(value).reshape(3, 1, 1) for value in (FACE_RESNET_MEAN, FACE_RESNET_STD))
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        features = create_face_resnet().eval()((pixels - mean) / std).numpy()
    np.testing.assert_allclose(features @ projection, expected, atol=1e-5)
    assert expected.std() > 0.05


@pytest.mark.parametrize("side", [103, 128, 151, 224])
def test_other_sizes(side: int) -> None:
    model = create_face_resnet(pretrained=False).eval()
    assert model(torch.zeros(2, 3, side, side + 10)).shape == (2, model.num_features)


def test_gradients_reach_the_first_layer() -> None:
    model = create_face_resnet(pretrained=False)
    model(torch.randn(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert model.stem.weight.grad is not None
    assert float(model.stem.weight.grad.abs().sum()) > 0
