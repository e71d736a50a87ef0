"""Cross-entropy with a weight for each class: by its frequency, or by the effective number of its photos."""

from typing import Literal

import torch
from pydantic import Field

from maskwise.strict_model import StrictModel

TRACE = 1e-3
"""Soft targets leave traces of classes that do not occur; so little of one is none."""


class WeightedSpec(StrictModel):
    """Classes weighted by their inverse frequency to a power: 0 is cross-entropy, 1 counts all classes alike."""

    kind: Literal["weighted"] = "weighted"
    power: float = Field(default=1.0, ge=0, le=2)


class ClassBalancedSpec(StrictModel):
    """Classes weighted by (1 - beta) / (1 - beta^n), n photos counting as fewer (Y. Cui et al., "Class-Balanced
    Loss Based on Effective Number of Samples", 2019).
    """

    kind: Literal["class_balanced"] = "class_balanced"
    beta: float = Field(default=0.999, ge=0, lt=1)


def inverse_frequency_weights(counts: torch.Tensor, power: float) -> torch.Tensor:
    """Weights (C,) of classes with so many photos (C,), their mean over photos being 1; 0 for absent classes."""
    present = counts > TRACE
    raw = torch.where(present, counts.clamp_min(0.5).pow(-power), torch.zeros_like(counts))
    return _mean_one(raw, counts)


def effective_number_weights(counts: torch.Tensor, beta: float) -> torch.Tensor:
    """Weights (C,) by the effective number of photos, their mean over photos being 1; 0 for absent classes."""
    present = counts > TRACE
    # In double precision: in single a beta of 0.99999999 is 1.
    effective = ((1 - beta ** counts.double().clamp_min(0.5)) / (1 - beta)).float()
    raw = torch.where(present, 1 / effective.clamp_min(1e-12), torch.zeros_like(counts))
    return _mean_one(raw, counts)


def _mean_one(raw: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return raw * (counts.sum() / (raw * counts).sum())


def weighted_cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, *, weights: torch.Tensor
) -> torch.Tensor:
    """Mean over photos of -sum_c w_c t_c log p_c (scalar).

    The weights' mean over photos is 1, so no division by the batch's own weights is needed: a batch of rare
    classes counts for more, as it should.

    Args:
        logits: joint logits (N, C), unnormalised.
        targets: probabilities (N, C).
        weights: of the classes (C,).
    """
    return -(targets * weights.to(logits.device) * logits.log_softmax(dim=1)).sum(dim=1).mean()
