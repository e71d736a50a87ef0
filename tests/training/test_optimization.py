import itertools

import pytest
import torch

from maskwise.competition.task import competition_task
from maskwise.models.classifier import ModelSpec, create_classifier
from maskwise.recipes.optimizers import AdamPart, AdamWPart
from maskwise.recipes.schedules import ConstantSchedule, CosineSchedule, OneCycleSchedule, StepSchedule
from maskwise.training.optimization import create_optimizer, create_schedule, learning_rate_factor


def rates(schedule: object, *, steps: int, epochs: int) -> list[float]:
    model = torch.nn.Linear(1, 1)
    optimizer = create_optimizer(AdamWPart(lr=1.0), model, clipped=False)
    scheduler = create_schedule(schedule, optimizer, steps_per_epoch=steps, epochs=epochs)
    seen = []
    for _ in range(steps * epochs):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def test_step_is_torchs_step_lr_an_epoch() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    reference = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.2)
    expected = []
    for _ in range(5):
        expected += [optimizer.param_groups[0]["lr"]] * 3
        optimizer.step()
        reference.step()
    assert rates(StepSchedule(epochs=2, gamma=0.2), steps=3, epochs=5) == pytest.approx(expected)


def test_cosine_rises_then_falls_to_its_end() -> None:
    seen = rates(CosineSchedule(warmup=0.25, final=0.1), steps=10, epochs=4)
    top = seen.index(max(seen))
    assert top == 10
    assert seen[top] == pytest.approx(1)
    assert all(a < b for a, b in itertools.pairwise(seen[: top + 1]))
    assert all(a > b for a, b in itertools.pairwise(seen[top:]))
    assert learning_rate_factor(CosineSchedule(final=0.1), 40, steps_per_epoch=10, total=40) == pytest.approx(
        0.1
    )
    assert min(seen) > 0


def test_constant_is_constant() -> None:
    assert set(rates(ConstantSchedule(), steps=2, epochs=2)) == {1.0}


def test_adamw_is_torchs() -> None:
    part = AdamWPart(lr=0.1, weight_decay=0.3, betas=(0.8, 0.9))
    ours, theirs = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)
    theirs.load_state_dict(ours.state_dict())
    optimizers = [
        create_optimizer(part, ours, clipped=False),
        torch.optim.AdamW(theirs.parameters(), lr=0.1, weight_decay=0.3, betas=(0.8, 0.9), fused=False),
    ]
    for model, optimizer in zip((ours, theirs), optimizers, strict=True):
        for step in range(3):
            optimizer.zero_grad()
            model(torch.ones(1, 3) * step).sum().backward()
            optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)


def test_adam_decays_by_an_l2_penalty() -> None:
    model = torch.nn.Linear(1, 1)
    assert type(create_optimizer(AdamPart(), model, clipped=False)) is torch.optim.Adam


def test_one_cycle_is_torchs() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.0, total_steps=40, pct_start=0.3, cycle_momentum=False
    )
    expected = []
    for _ in range(40):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        reference.step()
    assert rates(OneCycleSchedule(), steps=10, epochs=4) == pytest.approx(expected)


def test_layer_decay_lowers_the_rate_layer_by_layer_and_loses_no_parameter() -> None:
    classifier, _ = create_classifier(
        ModelSpec(backbone="test_efficientnet", weights="none"), competition_task().space, seed=0
    )
    optimizer = create_optimizer(AdamWPart(lr=1.0, layer_decay=0.5), classifier, clipped=False)
    lr = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert set(lr) == {id(p) for p in classifier.parameters()}
    backbone = dict(classifier.backbone.named_parameters())
    assert all(lr[id(p)] == 1.0 for p in classifier.head.parameters())
    assert lr[id(backbone["conv_stem.weight"])] < lr[id(backbone["blocks.1.0.conv_exp.weight"])] < 1
    assert max(lr[id(p)] for p in backbone.values()) == pytest.approx(0.5)


def test_the_face_networks_layers_are_told_apart() -> None:
    classifier, _ = create_classifier(
        ModelSpec(backbone="dlib_face_resnet", weights="none"), competition_task().space, seed=0
    )
    optimizer = create_optimizer(AdamWPart(lr=1.0, layer_decay=0.9), classifier, clipped=False)
    lr = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(lr) == len(list(classifier.parameters()))
    backbone = classifier.backbone
    first, last = backbone.stem.weight, backbone.stages[-1][-1].conv2.weight
    blocks = 3 + 4 + 3 + 3 + 1
    assert lr[id(last)] == pytest.approx(0.9)
    assert lr[id(first)] == pytest.approx(0.9 ** (blocks + 1))
    assert lr[id(next(classifier.head.parameters()))] == 1.0


@pytest.mark.parametrize("decay", [None, 0.5])
def test_the_backbone_learns_with_its_share_of_the_rate(decay: float | None) -> None:
    classifier, _ = create_classifier(
        ModelSpec(backbone="test_efficientnet", weights="none"), competition_task().space, seed=0
    )
    part = AdamWPart(lr=1.0, backbone_share=0.1, layer_decay=decay)
    optimizer = create_optimizer(part, classifier, clipped=False)
    lr = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert set(lr) == {id(p) for p in classifier.parameters()}
    assert all(lr[id(p)] == 1.0 for p in classifier.head.parameters())
    assert max(lr[id(p)] for p in classifier.backbone.parameters()) == pytest.approx(0.1 * (decay or 1))
