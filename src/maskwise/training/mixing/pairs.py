"""Mixup and CutMix of a batch with its neighbours, by torchvision."""

from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torchvision.transforms import v2


class MixupSpec(BaseModel):
    """Whole photos blended (H. Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["mixup"] = "mixup"
    probability: float = Field(default=0.5, ge=0, le=1)  # of mixing a batch
    alpha: float = Field(default=0.2, gt=0)  # of the Beta distribution


class CutmixSpec(BaseModel):
    """A rectangle of another photo (S. Yun et al., "CutMix", 2019)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["cutmix"] = "cutmix"
    probability: float = Field(default=0.5, ge=0, le=1)
    alpha: float = Field(default=1.0, gt=0)


def mix_pairs(
    images: torch.Tensor, targets: torch.Tensor, spec: MixupSpec | CutmixSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised images (N, 3, H, W) and targets (N, C), mixed with the photo before, or left as they are.

    Draws from torch's own generator, which a training step has seeded.
    """
    if len(images) < 2 or float(torch.rand(())) >= spec.probability:
        return images, targets
    mix = v2.MixUp(alpha=spec.alpha) if isinstance(spec, MixupSpec) else v2.CutMix(alpha=spec.alpha)
    mixed_images, mixed_targets = mix(images, targets)
    return mixed_images, mixed_targets
