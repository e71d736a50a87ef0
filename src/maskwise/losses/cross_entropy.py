"""Cross-entropy, with label smoothing (C. Szegedy et al., "Rethinking the Inception Architecture", 2016)."""

from typing import Literal

import torch
from pydantic import Field

from maskwise.strict_model import StrictModel


class CrossEntropySpec(StrictModel):
    """Negative log-likelihood; `smoothing` spreads that share of each target over all classes."""

    kind: Literal["cross_entropy"] = "cross_entropy"
    smoothing: float = Field(default=0.0, ge=0, lt=1)


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, *, smoothing: float = 0.0) -> torch.Tensor:
    """Mean cross-entropy (scalar, nats).

    Args:
        logits: joint logits (N, C), unnormalised.
        targets: probabilities (N, C), one-hot where a label is certain.
        smoothing: share of each target that is spread evenly over all classes.
    """
    return torch.nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing)
