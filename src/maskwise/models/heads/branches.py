"""A branch for each attribute on one backbone."""

from typing import Literal

import torch
from torch import nn

from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace


class BranchesHeadSpec(StrictModel):
    """A linear layer for each attribute; attributes are independent given the photo."""

    kind: Literal["branches"] = "branches"


class BranchesHead(nn.Module):
    """Linear layers from features (N, F) to each attribute's logits, summed into joint logits (N, C).

    The softmax of such a sum is the product of the attributes' softmaxes, so joint cross-entropy is the sum of
    the attributes' cross-entropies.
    """

    def __init__(self, n_features: int, space: LabelSpace) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(n_features, size) for size in space.sizes)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Joint logits (N, C), unnormalised; the first attribute varies slowest, as in the label space."""
        return joint_logits([branch(features) for branch in self.branches])


def joint_logits(branches: list[torch.Tensor]) -> torch.Tensor:
    """Joint logits (N, C) as sums of the attributes' logits (N, V), in the label space's order."""
    joint = branches[0]
    for own in branches[1:]:
        joint = (joint[:, :, None] + own[:, None, :]).flatten(1)
    return joint
