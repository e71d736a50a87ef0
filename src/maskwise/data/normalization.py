"""The last step of a transform, done on the device: pixels to what a backbone wants."""

import torch

from maskwise.data.transform import Normalize


def normalize(images: torch.Tensor, step: Normalize) -> torch.Tensor:
    """Pixels (N, height, width, 3), uint8, as float32 (N, 3, height, width) in channels_last memory.

    Raises:
        ValueError: when mean or std were not resolved.
    """
    if step.mean is None or step.std is None:
        raise ValueError("Expected a transform with its mean and std written out, got null.")
    scale = torch.tensor(step.std, device=images.device).mul_(255).reciprocal_()
    offset = torch.tensor(step.mean, device=images.device) / torch.tensor(step.std, device=images.device)
    # One pass over the pixels instead of two: this is a good part of the input's cost.
    return torch.addcmul(-offset, images.to(torch.float32), scale).permute(0, 3, 1, 2)
