import pytest
import torch

from maskwise.competition.task import competition_task
from maskwise.errors import InputError
from maskwise.models.classifier import ModelSpec, create_classifier, resolve_backbone

SPACE = competition_task().space


@pytest.mark.parametrize("backbone", ["test_efficientnet", "test_vit", "mobilenetv4_conv_small", "resnet18"])
def test_any_backbone_gives_joint_logits(backbone: str) -> None:
    size = 160 if backbone == "test_vit" else 64
    model, _ = create_classifier(ModelSpec(backbone=backbone, weights="none"), SPACE, seed=0)
    assert model.eval()(torch.randn(2, 3, size, size)).shape == (2, 18)


def test_initial_weights_depend_on_the_seed_alone() -> None:
    spec = ModelSpec(backbone="test_efficientnet", weights="none")
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(states))
        before = torch.random.get_rng_state()
        states.append(create_classifier(spec, SPACE, seed=seed)[0].state_dict())
        assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])
    assert any(not torch.equal(states[0][k], states[2][k]) for k in states[0])


def test_bundled_weights_come_with_their_own_mean_and_std() -> None:
    _, backbone = create_classifier(ModelSpec(), SPACE, seed=0)
    assert backbone.mean == backbone.std == (0.5, 0.5, 0.5)


def test_an_unknown_backbone_is_refused_with_near_names() -> None:
    with pytest.raises(InputError, match="'tf_efficientnet_lit0'; did you mean"):
        create_classifier(ModelSpec(backbone="tf_efficientnet_lit0"), SPACE, seed=0)


def test_drop_path_where_there_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="drop_path"):
        create_classifier(ModelSpec(backbone="vgg11", weights="none", drop_path=0.1), SPACE, seed=0)


def test_hub_weights_without_a_connection_are_one_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        InputError, match=r"Expected to download the weights of test_efficientnet.*model\.weights=bundled"
    ):
        create_classifier(ModelSpec(backbone="test_efficientnet", weights="hub"), SPACE, seed=0)


def test_a_mirrored_photo_counts_as_much_outside_of_training() -> None:
    model, _ = create_classifier(
        ModelSpec(backbone="test_efficientnet", weights="none", mirror=True), SPACE, seed=0
    )
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = model.eval().features(images)
        both = [model.backbone(images), model.backbone(images.flip(3))]
        assert torch.allclose(features, (both[0] + both[1]) / 2)
        assert torch.allclose(model(images), model(images.flip(3)), atol=1e-5)
        assert not torch.allclose(model.head(both[0]), model(images))
    model.train()
    assert torch.allclose(model.features(images), model.backbone(images))


def test_auto_is_the_face_network_on_tasks_of_faces() -> None:
    spec = ModelSpec(backbone="auto")
    assert resolve_backbone(spec, faces=True).backbone == "dlib_face_resnet"
    assert resolve_backbone(spec, faces=False).backbone == "tf_efficientnet_lite0"
    assert resolve_backbone(ModelSpec(backbone="resnet18"), faces=True).backbone == "resnet18"
