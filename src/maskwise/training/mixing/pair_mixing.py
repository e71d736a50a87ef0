"""Mixup and CutMix of a batch with its neighbours, by torchvision."""

import torch
from torchvision.transforms import v2

from maskwise.recipes.mixing import CutmixSpec, MixupSpec


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
