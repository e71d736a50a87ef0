"""A weighted sum of losses, such as 0.6 focal + 0.4 soft F1."""

import torch
from torch import nn


class Mixture(nn.Module):
    """The sum of losses times their weights."""

    def __init__(self, losses: list[nn.Module], weights: list[float]) -> None:
        super().__init__()
        self._losses = nn.ModuleList(losses)
        self._weights = weights

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """The weighted sum (scalar) for joint logits (N, C) and target probabilities (N, C)."""
        parts = [w * loss(logits, targets) for w, loss in zip(self._weights, self._losses, strict=True)]
        return torch.stack(parts).sum()
