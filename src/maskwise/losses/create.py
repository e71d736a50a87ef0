"""The one place where a name chooses a loss."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import torch
from pydantic import Field

from maskwise.losses.cross_entropy import CrossEntropySpec, cross_entropy
from maskwise.losses.focal import FocalSpec, focal

LossSpec = Annotated[CrossEntropySpec | FocalSpec, Field(discriminator="kind")]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From joint logits (N, C) and target probabilities (N, C) to a scalar."""


def create_loss(spec: CrossEntropySpec | FocalSpec) -> Loss:
    """The loss that a recipe names."""
    if isinstance(spec, FocalSpec):
        return partial(focal, gamma=spec.gamma)
    return partial(cross_entropy, smoothing=spec.smoothing)
