import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import sigmoid_focal_loss

from maskwise.losses import create_loss
from maskwise.losses.cross_entropy import CrossEntropySpec, cross_entropy
from maskwise.losses.focal import FocalSpec, focal


def example(seed: int, n: int = 6, c: int = 18) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, c, generator=generator) * 3
    classes = torch.randint(0, c, (n,), generator=generator)
    return logits, torch.nn.functional.one_hot(classes, c).float()


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_gamma_zero_is_cross_entropy(seed: int) -> None:
    logits, targets = example(seed)
    assert torch.allclose(focal(logits, targets, gamma=0.0), cross_entropy(logits, targets), atol=1e-6)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 5))
def test_focal_is_the_papers_formula(seed: int, gamma: float) -> None:
    logits, targets = example(seed)
    p = (logits.softmax(dim=1) * targets).sum(dim=1)
    assert torch.allclose(
        focal(logits, targets, gamma=gamma), (-((1 - p) ** gamma) * p.log()).mean(), atol=1e-5
    )


@pytest.mark.parametrize("gamma", [0.8, 2.0])
def test_two_classes_agree_with_torchvisions(gamma: float) -> None:
    x = torch.randn(50, generator=torch.Generator().manual_seed(0))
    y = (torch.arange(50) % 2).float()
    ours = focal(torch.stack([torch.zeros(50), x], dim=1), torch.stack([1 - y, y], dim=1), gamma=gamma)
    assert torch.allclose(ours, sigmoid_focal_loss(x, y, alpha=-1, gamma=gamma, reduction="mean"), atol=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.8, 2.0])
def test_a_certain_photo_has_a_finite_gradient(gamma: float) -> None:
    logits = torch.tensor([[200.0, 0, 0], [-200.0, 0, 0]], requires_grad=True)
    focal(logits, torch.tensor([[1.0, 0, 0], [1.0, 0, 0]]), gamma=gamma).backward()
    assert torch.isfinite(logits.grad).all()


def test_smoothing_spreads_the_target() -> None:
    logits, targets = example(0)
    spread = targets * 0.9 + 0.1 / 18
    assert torch.allclose(
        cross_entropy(logits, targets, smoothing=0.1), cross_entropy(logits, spread), atol=1e-6
    )


def test_names_choose_losses() -> None:
    logits, targets = example(1)
    assert create_loss(FocalSpec(gamma=2))(logits, targets) == focal(logits, targets, gamma=2)
    assert create_loss(CrossEntropySpec(smoothing=0.1))(logits, targets) == cross_entropy(
        logits, targets, smoothing=0.1
    )
