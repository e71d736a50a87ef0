"""Branches plus a joint residual: rare classes share parameters, and dependences are still modelled."""

from typing import Literal

import torch
from torch import nn

from maskwise.models.heads.branches import BranchesHead
from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace


class StructuredHeadSpec(StrictModel):
    """The sum of `branches` and a joint layer initialised at zero, for what the branches do not explain."""

    kind: Literal["structured"] = "structured"


class StructuredHead(nn.Module):
    """Branches and a joint residual from features (N, F) to joint logits (N, C)."""

    def __init__(self, n_features: int, space: LabelSpace) -> None:
        super().__init__()
        self.main = BranchesHead(n_features, space)
        self.residual = nn.Linear(n_features, space.n_classes, bias=False)
        nn.init.zeros_(self.residual.weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Joint logits (N, C), unnormalised."""
        logits: torch.Tensor = self.main(features) + self.residual(features)
        return logits
