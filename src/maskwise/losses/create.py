"""The one place where a name chooses a loss."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

import torch
from pydantic import Field, field_validator
from torch import nn

from maskwise.losses.cross_entropy import CrossEntropySpec, cross_entropy
from maskwise.losses.focal import FocalSpec, focal
from maskwise.losses.logit_adjustment import LogitAdjustmentSpec, logit_adjusted
from maskwise.losses.mixture import Mixture
from maskwise.losses.soft_f1 import SoftF1, SoftF1Spec
from maskwise.losses.weighted import (
    ClassBalancedSpec,
    WeightedSpec,
    effective_number_weights,
    inverse_frequency_weights,
    weighted_cross_entropy,
)
from maskwise.strict_model import StrictModel

SingleLossSpec = (
    CrossEntropySpec | FocalSpec | WeightedSpec | ClassBalancedSpec | LogitAdjustmentSpec | SoftF1Spec
)


class PartSpec(StrictModel):
    """A loss of a mixture and its weight."""

    weight: float = Field(gt=0)
    loss: Annotated[SingleLossSpec, Field(discriminator="kind")]


class MixtureSpec(StrictModel):
    """Several losses, each with a weight."""

    kind: Literal["mixture"] = "mixture"
    parts: tuple[PartSpec, ...]

    @field_validator("parts")
    @classmethod
    def _some(cls, parts: tuple[PartSpec, ...]) -> tuple[PartSpec, ...]:
        if not parts:
            raise ValueError("expected at least one part, such as {weight: 1, loss: {kind: focal}}")
        return parts


LossSpec = Annotated[SingleLossSpec | MixtureSpec, Field(discriminator="kind")]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From joint logits (N, C) and target probabilities (N, C) to a scalar."""


class _Stateless(nn.Module):
    """A loss function as a module."""

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self._loss = loss

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The loss (scalar)."""
        return self._loss(logits, targets)


def create_loss(spec: SingleLossSpec | MixtureSpec, counts: torch.Tensor) -> nn.Module:
    """The loss that a recipe names, as a module, since some losses have state.

    Args:
        spec: the recipe's loss.
        counts: training photos of each class (C,), fractions where targets are soft.
    """
    if isinstance(spec, MixtureSpec):
        return Mixture(
            [create_loss(part.loss, counts) for part in spec.parts], [p.weight for p in spec.parts]
        )
    if isinstance(spec, SoftF1Spec):
        return SoftF1(spec.memory, len(counts))
    return _Stateless(_function(spec, counts))


def _function(spec: SingleLossSpec, counts: torch.Tensor) -> Loss:
    if isinstance(spec, FocalSpec):
        return partial(focal, gamma=spec.gamma)
    if isinstance(spec, WeightedSpec):
        return partial(weighted_cross_entropy, weights=inverse_frequency_weights(counts, spec.power))
    if isinstance(spec, ClassBalancedSpec):
        return partial(weighted_cross_entropy, weights=effective_number_weights(counts, spec.beta))
    if isinstance(spec, LogitAdjustmentSpec):
        # A class without photos would have a prior of 0; half a photo keeps its logit finite.
        log_priors = (counts.clamp_min(0.5) / counts.sum()).log()
        return partial(logit_adjusted, log_priors=log_priors, tau=spec.tau)
    assert isinstance(spec, CrossEntropySpec)  # the only other kind
    return partial(cross_entropy, smoothing=spec.smoothing)
