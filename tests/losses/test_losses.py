import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.metrics import f1_score
from torchvision.ops import sigmoid_focal_loss

from maskwise.losses import create_loss
from maskwise.losses.create import MixtureSpec
from maskwise.losses.cross_entropy import CrossEntropySpec, cross_entropy
from maskwise.losses.focal import FocalSpec, focal
from maskwise.losses.logit_adjustment import LogitAdjustmentSpec, logit_adjusted
from maskwise.losses.soft_f1 import SoftF1
from maskwise.losses.weighted import (
    ClassBalancedSpec,
    WeightedSpec,
    effective_number_weights,
    inverse_frequency_weights,
    weighted_cross_entropy,
)


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


COUNTS = torch.tensor([100.0, 10.0, 0.0, 1.0])


@pytest.mark.parametrize(
    "weights", [inverse_frequency_weights(COUNTS, 1.0), effective_number_weights(COUNTS, 0.99)]
)
def test_weights_favour_the_rare_and_have_mean_one_over_photos(weights: torch.Tensor) -> None:
    assert float((weights * COUNTS).sum() / COUNTS.sum()) == pytest.approx(1)
    assert weights[3] > weights[1] > weights[0] > 0
    assert weights[2] == 0


def test_weights_in_their_limits() -> None:
    present = torch.tensor([3.0, 5.0, 9.0])
    assert torch.allclose(inverse_frequency_weights(present, 0.0), torch.ones(3))
    assert torch.allclose(effective_number_weights(present, 0.0), torch.ones(3))
    inverse = inverse_frequency_weights(present, 1.0)
    assert torch.allclose(inverse * present, torch.full((3,), float((inverse * present)[0])))
    # towards beta = 1 the effective number is the number
    assert torch.allclose(effective_number_weights(present, 1 - 1e-4), inverse, atol=1e-2)


def test_weighted_is_torchs_up_to_its_division() -> None:
    logits, targets = example(3)
    classes, weights = targets.argmax(1), torch.rand(18, generator=torch.Generator().manual_seed(0))
    torchs = torch.nn.functional.cross_entropy(logits, classes, weight=weights, reduction="sum") / 6
    assert torch.allclose(weighted_cross_entropy(logits, targets, weights=weights), torchs)


def test_logit_adjustment_is_the_papers_and_tau_zero_is_cross_entropy() -> None:
    logits, targets = example(4)
    priors = torch.rand(18).softmax(0)
    adjusted = logits + 1.5 * priors.log()
    assert torch.allclose(
        logit_adjusted(logits, targets, log_priors=priors.log(), tau=1.5), cross_entropy(adjusted, targets)
    )
    assert torch.allclose(
        logit_adjusted(logits, targets, log_priors=priors.log(), tau=0.0), cross_entropy(logits, targets)
    )


def test_a_beta_close_to_one_still_balances() -> None:
    weights = effective_number_weights(torch.tensor([100.0, 1000.0]), 0.99999999)
    assert float(weights[0] / weights[1]) == pytest.approx(10, rel=0.01)


def test_soft_f1_of_certain_predictions_is_scikit_learns() -> None:
    logits, targets = example(5, n=60, c=4)
    predicted = logits.argmax(1)
    sure = torch.nn.functional.one_hot(predicted, 4) * 1e4
    expected = f1_score(targets.argmax(1), predicted, average="macro")
    assert float(SoftF1(0.0, 4)(sure.float(), targets)) == pytest.approx(1 - expected, abs=1e-5)


def test_soft_f1_learns_and_its_memory_makes_a_batch_as_good_as_all() -> None:
    logits, targets = example(6, n=400, c=4)
    whole = SoftF1(0.0, 4)(logits, targets)
    remembering = SoftF1(0.999, 4)
    for start in range(0, 400, 8):
        last = remembering(logits[start : start + 8], targets[start : start + 8])
    assert abs(float(last - whole)) < 0.02
    before = remembering.hits.clone()
    remembering.eval()(logits[:8], targets[:8])
    assert torch.equal(before, remembering.hits)
    weights = torch.zeros(4, requires_grad=True)
    SoftF1(0.0, 4)(logits + weights, targets).backward()
    assert weights.grad.abs().sum() > 0


def test_soft_f1_of_soft_targets_is_perfect_where_they_are_said() -> None:
    """Eight persons of 50: a trace of 60 and over, which nobody is, counts for nothing."""
    targets = torch.tensor([[0.001, 0.99, 0.009]]).repeat(8, 1)
    for memory in (0.0, 0.9):
        assert float(SoftF1(memory, 3)(targets.log(), targets)) == pytest.approx(0, abs=1e-6)
        certain = torch.tensor([[-50.0, 50.0, -50.0]]).repeat(8, 1)
        assert float(SoftF1(memory, 3)(certain, targets)) < 0.01
    mixed = torch.tensor([[0.4, 0.3, 0.3]])  # of no class half a photo
    assert float(SoftF1(0.0, 3)(mixed.log(), mixed)) == pytest.approx(0, abs=1e-6)


def test_with_memory_soft_f1_pulls_as_hard_as_without() -> None:
    logits, targets = example(6, n=400, c=4)
    pulls = []
    for memory in (0.0, 0.98):
        loss, pulled = SoftF1(memory, 4), []
        for start in range(0, 400, 8):
            weights = torch.zeros(4, requires_grad=True)
            loss(logits[start : start + 8] + weights, targets[start : start + 8]).backward()
            pulled.append(weights.grad)
        pulls.append(torch.stack(pulled[25:]).norm(dim=1).mean())
    assert 0.4 < float(pulls[1] / pulls[0]) < 2.5


def test_a_mixture_is_its_weighted_sum() -> None:
    logits, targets = example(7)
    spec = MixtureSpec.model_validate(
        {"parts": [{"weight": 0.6, "loss": {"kind": "focal"}}, {"weight": 0.4, "loss": {"kind": "soft_f1"}}]}
    )
    expected = 0.6 * focal(logits, targets, gamma=0.8) + 0.4 * SoftF1(0.0, 18)(logits, targets)
    assert torch.allclose(create_loss(spec, torch.ones(18))(logits, targets), expected)
    for parts, message in (
        ([], "at least one part"),
        ([{"weight": -1, "loss": {"kind": "focal"}}], "greater"),
    ):
        with pytest.raises(ValidationError, match=message):
            MixtureSpec.model_validate({"parts": parts})


def test_names_choose_losses() -> None:
    logits, targets = example(1)
    counts = torch.arange(18.0)
    for spec, expected in (
        (FocalSpec(gamma=2), focal(logits, targets, gamma=2)),
        (CrossEntropySpec(smoothing=0.1), cross_entropy(logits, targets, smoothing=0.1)),
        (
            WeightedSpec(power=0.5),
            weighted_cross_entropy(logits, targets, weights=inverse_frequency_weights(counts, 0.5)),
        ),
        (
            ClassBalancedSpec(beta=0.9),
            weighted_cross_entropy(logits, targets, weights=effective_number_weights(counts, 0.9)),
        ),
    ):
        assert torch.allclose(create_loss(spec, counts)(logits, targets), expected)
    assert torch.isfinite(create_loss(LogitAdjustmentSpec(), counts)(logits, targets))
