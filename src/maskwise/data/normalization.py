"""The last step of a transform, applied on the device: from pixels to a backbone's input."""

import torch

from maskwise.data.transform import Normalize


def normalize(images: torch.Tensor, step: Normalize) -> torch.Tensor:
    """Pixels (N, height, width, 3), uint8, as float32 (N, 3, height, width) in channels_last memory.

    Raises:
        ValueError: when mean or std is null.
    """
    if step.mean is None or step.std is None:
        raise ValueError("Expected a transform with its mean and std written out, got null.")
    scale = torch.tensor(step.std, device=images.device).mul_(255).reciprocal_()
    offset = torch.tensor(step.mean, device=images.device) / torch.tensor(step.std, device=images.device)
    # In one pass over whole rows: with a last dimension of three channels it would not be vectorised.
    n, height, width, channels = images.shape
    rows = images.reshape(n * height, width * channels).to(torch.float32)
    normalized = torch.addcmul(-offset.repeat(width), rows, scale.repeat(width))
    return normalized.view(n, height, width, channels).permute(0, 3, 1, 2)
