"""Soft F1: macro F1 with probabilities in place of decisions.

After E. Benedict et al., "sigmoidF1", 2021, for a softmax; hits of soft targets are the smaller of both probabilities
(Z. Wang et al., "Dice Semimetric Losses", 2023), so that the targets themselves are optimal. A batch has few photos
of a rare class, if any; with `memory` the counts of earlier batches are kept with exponential decay, so that the
score is that of many photos.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import nn

from maskwise.losses.weighted import TRACE
from maskwise.strict_model import StrictModel


class SoftF1Spec(StrictModel):
    """1 - mean over classes of 2 TP / (2 TP + FP + FN), all of them sums over photos."""

    kind: Literal["soft_f1"] = "soft_f1"
    memory: float = Field(default=0.0, ge=0, lt=1)  # the factor by which earlier counts are multiplied


def soft_f1(hits: torch.Tensor, labelled: torch.Tensor, predicted: torch.Tensor) -> torch.Tensor:
    """Mean F1 (scalar) over the classes that occur, from sums over photos (C,).

    A class occurs if its targets sum to half a photo or more, so that small soft targets of neighbouring classes do not
    count; if no class reaches that, the most common one counts.
    """
    occurs = labelled >= labelled.max().clamp(max=0.5)
    total = (labelled + predicted).clamp_min(torch.finfo(hits.dtype).tiny)
    return (2 * hits / total)[occurs].mean()


class SoftF1(nn.Module):
    """Soft F1 loss over a batch, or over decaying counts of earlier batches."""

    hits: torch.Tensor
    labelled: torch.Tensor
    predicted: torch.Tensor

    def __init__(self, memory: float, n_classes: int) -> None:
        super().__init__()
        self._memory = memory
        for name in ("hits", "labelled", "predicted"):
            # Not part of a checkpoint without memory.
            self.register_buffer(name, torch.zeros(n_classes), persistent=memory > 0)

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """1 - macro F1 (scalar in [0, 1]) of joint logits (N, C) against target probabilities (N, C)."""
        p = logits.softmax(dim=1)
        batch = [torch.minimum(p, targets).sum(0), targets.sum(0), p.sum(0)]
        if not self._memory or not self.training:  # held-out photos are scored without memory
            return 1 - soft_f1(*batch)
        kept = (self.hits, self.labelled, self.predicted)
        counts = [self._memory * old.to(new.device) + new for old, new in zip(kept, batch, strict=True)]
        for old, new in zip(kept, counts, strict=True):
            old.copy_(new.detach())
        value = 1 - soft_f1(*counts)
        # A batch is a small part of the counts, and so is its gradient. It is rescaled to its size without memory, so
        # that the weights of a mixture keep their meaning.
        share = (counts[1].sum() / batch[1].sum().clamp_min(TRACE)).detach()
        return value.detach() + share * (value - value.detach())
