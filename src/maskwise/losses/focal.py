"""Focal loss (T.-Y. Lin et al., "Focal Loss for Dense Object Detection", 2017), for target distributions."""

from typing import Literal

import torch
from pydantic import Field

from maskwise.strict_model import StrictModel


class FocalSpec(StrictModel):
    """Cross-entropy weighted by (1 - p)^gamma; gamma 0 is cross-entropy, the 2021 report used 0.8."""

    kind: Literal["focal"] = "focal"
    gamma: float = Field(default=0.8, ge=0)


def focal(logits: torch.Tensor, targets: torch.Tensor, *, gamma: float) -> torch.Tensor:
    """Mean over photos of -sum_c t_c (1 - p_c)^gamma log p_c (scalar).

    Args:
        logits: joint logits (N, C), unnormalised.
        targets: probabilities (N, C), one-hot where a label is certain.
        gamma: how much easy photos are down-weighted; 0 is cross-entropy.
    """
    log_p = logits.log_softmax(dim=1)
    # 1 - p as -expm1(log p): exact for p near 1, and never negative. Clamped, because the gradient of
    # x^gamma at 0 is infinite for gamma < 1.
    unsure = (-torch.expm1(log_p)).clamp_min(torch.finfo(log_p.dtype).tiny)
    return -(targets * unsure.pow(gamma) * log_p).sum(dim=1).mean()
