"""Branches whose numeric attribute is ordinal: one score, and a threshold between neighbouring bands.

After W. Cao et al., "Rank consistent ordinal regression" (CORAL), 2020: all thresholds share the weights, and stay in
order. It is trained by likelihood, with the other attributes, instead of one cross-entropy per threshold; that makes
it the proportional odds model (P. McCullagh, 1980) on top of a network.
"""

import math
from typing import Literal

import torch
from torch import nn

from maskwise.models.heads.branches import joint_logits
from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace

_APART = 4.0  # distance of neighbouring thresholds at initialisation


class OrdinalHeadSpec(StrictModel):
    """A branch for each attribute, ordinal for numbers."""

    kind: Literal["ordinal"] = "ordinal"


class OrdinalBranch(nn.Module):
    """A score from features (N, F), compared with rising thresholds: log-probabilities (N, B) of the bands."""

    def __init__(self, n_features: int, n_bands: int) -> None:
        super().__init__()
        self.score = nn.Linear(n_features, 1, bias=False)
        # A middle band can be the most probable one only if its thresholds are more than 1.39 apart, and a short
        # training hardly moves them.
        self.first = nn.Parameter(torch.tensor(-_APART * (n_bands - 2) / 2))
        inverse_softplus = _APART + math.log(-math.expm1(-_APART))
        self.gaps = nn.Parameter(torch.full((max(0, n_bands - 2),), inverse_softplus))

    def thresholds(self) -> torch.Tensor:
        """The thresholds between neighbouring bands (B - 1,), rising."""
        gaps = nn.functional.softplus(self.gaps)
        return self.first + torch.cat([gaps.new_zeros(1), gaps.cumsum(0)])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (N, B)."""
        margins = self.thresholds() - self.score(features)  # (N, B - 1)
        below, above = nn.functional.logsigmoid(margins), nn.functional.logsigmoid(-margins)
        # log(s(b) - s(a)) = log s(b) + log s(-a) + log(1 - exp(a - b)), in logarithms throughout
        apart = torch.log(-torch.expm1(-nn.functional.softplus(self.gaps)))
        inner = below[:, 1:] + above[:, :-1] + apart
        return torch.cat([below[:, :1], inner, above[:, -1:]], dim=1)


class OrdinalHead(nn.Module):
    """Branches from features (N, F), numeric ones ordinal, summed into joint logits (N, C)."""

    def __init__(self, n_features: int, space: LabelSpace) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            OrdinalBranch(n_features, size) if attribute.is_numeric else nn.Linear(n_features, size)
            for attribute, size in zip(space.attributes, space.sizes, strict=True)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Joint logits (N, C), unnormalised; the first attribute varies slowest, as in the label space."""
        return joint_logits([branch(features) for branch in self.branches])
