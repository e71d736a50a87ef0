"""Logit adjustment (A. K. Menon et al., "Long-tail Learning via Logit Adjustment", 2021)."""

from typing import Literal

import torch
from pydantic import Field

from maskwise.strict_model import StrictModel


class LogitAdjustmentSpec(StrictModel):
    """Cross-entropy of logits + tau log prior; the unadjusted logits are then those of balanced classes."""

    kind: Literal["logit_adjustment"] = "logit_adjustment"
    tau: float = Field(default=1.0, ge=0, le=4)


def logit_adjusted(
    logits: torch.Tensor, targets: torch.Tensor, *, log_priors: torch.Tensor, tau: float
) -> torch.Tensor:
    """Mean cross-entropy (scalar, nats) of adjusted logits.

    Args:
        logits: joint logits (N, C), unnormalised.
        targets: probabilities (N, C).
        log_priors: logarithms (C,) of the classes' shares of the training photos.
        tau: strength of the adjustment; 0 is cross-entropy.
    """
    return torch.nn.functional.cross_entropy(logits + tau * log_priors.to(logits.device), targets)
