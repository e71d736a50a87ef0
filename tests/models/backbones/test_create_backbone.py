import json
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from maskwise.errors import InputError
from maskwise.models.backbones.create_backbone import create_backbone
from maskwise.models.backbones.hugging_face import read_hub_config
from maskwise.models.classifier import ModelSpec

NAME = "test_efficientnet"


def saved(path: Path, **changed: torch.Tensor | None) -> Path:
    """The weights of a small backbone, some of them changed or left out."""
    import timm

    torch.manual_seed(0)
    state = timm.create_model(NAME).state_dict() | changed
    save_file({key: value for key, value in state.items() if value is not None}, path)
    return path


def test_a_file_with_or_without_a_classifier(tmp_path: Path) -> None:
    path = saved(tmp_path / "weights.safetensors")
    whole = create_backbone(NAME, weights=str(path))
    bare = saved(
        tmp_path / "bare.safetensors", **dict.fromkeys(("classifier.weight", "classifier.bias"), None)
    )
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = whole.module.eval()(images)
        again = create_backbone(NAME, weights=str(bare)).module.eval()(images)
        other = create_backbone(NAME, weights="none").module.eval()(images)
    assert features.shape == (2, whole.n_features)
    assert torch.equal(features, again)
    assert not torch.allclose(features, other)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bn1.weight": torch.zeros(3)}, r"with bn1\.weight of shape \(24,\), got \(3,\)"),
        ({"bn1.weight": None}, r"with bn1\.weight, got none"),
        ({"further": torch.zeros(3)}, "got further, which it does not have"),
        ({"bn1.weight": torch.full((24,), torch.nan)}, "expected finite weights"),
    ],
)
def test_the_first_difference_is_named(
    changed: dict[str, torch.Tensor | None], message: str, tmp_path: Path
) -> None:
    path = saved(tmp_path / "weights.safetensors", **changed)
    with pytest.raises(InputError, match=message):
        create_backbone(NAME, weights=str(path))


def test_a_truncated_or_missing_file_is_one_line(tmp_path: Path) -> None:
    path = saved(tmp_path / "weights.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="to be a safetensors file"):
        create_backbone(NAME, weights=str(path))
    with pytest.raises(InputError, match="but it does not exist"):
        create_backbone(NAME, weights=str(tmp_path / "gone.safetensors"))


@pytest.mark.parametrize("source", ["face.pth", "face.ckpt", "model.bin"])
def test_a_pickle_is_refused(source: str) -> None:
    with pytest.raises(ValidationError, match="a pickle can run code when it is loaded"):
        ModelSpec(weights=source)


def test_another_source_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected bundled, hub, none, hf-hub:OWNER/NAME or a"):
        ModelSpec(weights="internet")


def test_an_unknown_name_gets_the_closest_ones() -> None:
    with pytest.raises(InputError, match="did you mean dlib_face_resnet"):
        create_backbone("dlib_face_resnt", weights="none")


def test_the_face_network_says_what_it_was_trained_with() -> None:
    made = create_backbone("dlib_face_resnet", weights="none")
    assert made.size == (150, 150)
    assert made.n_features == 256
    assert made.std == pytest.approx((256 / 255,) * 3)
    with pytest.raises(InputError, match="bundled, none or a"):
        create_backbone("dlib_face_resnet", weights="hub")


def test_weights_of_the_hub_offline_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="Connect once, or give a"):
        create_backbone(NAME, weights="hf-hub:owner/name")


def test_a_hub_config_of_another_architecture_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    about = {"input_size": [3, 112, 112], "mean": [0.5] * 3, "std": [0.5] * 3}
    config.write_text(json.dumps({"architecture": NAME, "pretrained_cfg": about}))
    found = read_hub_config(config, tmp_path, "hf-hub:a/b", NAME)
    assert (found.size, found.mean) == ((112, 112), (0.5, 0.5, 0.5))
    with pytest.raises(InputError, match="expected the weights of resnet18, got test_efficientnet"):
        read_hub_config(config, tmp_path, "hf-hub:a/b", "resnet18")
    config.write_text("{}")
    with pytest.raises(InputError, match=r"expected timm's config\.json"):
        read_hub_config(config, tmp_path, "hf-hub:a/b", NAME)
