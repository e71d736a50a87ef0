"""The head of the 2021 report: one linear layer to the joint classes."""

from typing import Literal

import torch
from torch import nn

from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace


class JointHeadSpec(StrictModel):
    """A logit for each joint class, with nothing shared between classes."""

    kind: Literal["joint"] = "joint"


class JointHead(nn.Module):
    """A linear layer from features (N, F) to joint logits (N, C)."""

    def __init__(self, n_features: int, space: LabelSpace) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, space.n_classes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Joint logits (N, C), unnormalised."""
        logits: torch.Tensor = self.linear(features)
        return logits
