"""Losses over joint logits and target distributions."""

from maskwise.losses.create import LossSpec, create_loss

__all__ = ["LossSpec", "create_loss"]
