"""Cross-entropy with a weight for each class: by its frequency, or by the effective number of its photos."""

from typing import Literal

import torch
from pydantic import Field

from maskwise.strict_model import StrictModel

TRACE = 1e-3
"""Sums of soft targets up to this count as an absent class."""


class WeightedSpec(StrictModel):
    """Classes weighted by their inverse frequency to a power: 0 is cross-entropy, 1 weights all classes equally."""

    kind: Literal["weighted"] = "weighted"
    power: float = Field(default=1.0, ge=0, le=2)


class ClassBalancedSpec(StrictModel):
    """Classes weighted by (1 - beta) / (1 - beta^n) for n photos (Y. Cui et al., "Class-Balanced
    Loss Based on Effective Number of Samples", 2019).
    """

    kind: Literal["class_balanced"] = "class_balanced"
    beta: float = Field(default=0.999, ge=0, lt=1)


def inverse_frequency_weights(counts: torch.Tensor, power: float) -> torch.Tensor:
    """Weights (C,) of classes with `counts` photos (C,), with a mean over photos of 1; 0 for absent classes."""
    present = counts > TRACE
    raw = torch.where(present, counts.clamp_min(0.5).pow(-power), torch.zeros_like(counts))
    return _mean_one(raw, counts)


def effective_number_weights(counts: torch.Tensor, beta: float) -> torch.Tensor:
    """Weights (C,) by the effective number of photos, with a mean over photos of 1; 0 for absent classes."""
    present = counts > TRACE
    # In double precision: in single precision a beta of 0.99999999 is 1.
    effective = ((1 - beta ** counts.double().clamp_min(0.5)) / (1 - beta)).float()
    raw = torch.where(present, 1 / effective.clamp_min(1e-12), torch.zeros_like(counts))
    return _mean_one(raw, counts)


def _mean_one(raw: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return raw * (counts.sum() / (raw * counts).sum())


def weighted_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, *, weights: torch.Tensor
) -> torch.Tensor:
    """Mean over photos of -sum_c w_c t_c log p_c (scalar).

    The weights have a mean of 1 over all photos, so the sum is not divided by the weights of the batch: a batch of
    rare classes has a larger loss.

    Args:
        logits: joint logits (N, C), unnormalised.
        targets: probabilities (N, C).
        weights: of the classes (C,).
    """
    return -(targets * weights.to(logits.device) * logits.log_softmax(dim=1)).sum(dim=1).mean()
