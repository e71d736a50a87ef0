"""Where a classifier looked: Grad-CAM (R. Selvaraju et al., "Grad-CAM", 2017)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from maskwise.data.decoding import Pixels
from maskwise.data.normalization import normalize
from maskwise.models.member import Member


def grad_cam(member: Member, image: Pixels, attribute: str) -> npt.NDArray[np.float32]:
    """How much each place supports the likeliest value of an attribute (h, w), 0 to 1, at the features' resolution.

    Args:
        member: a classifier and its card.
        image: pixels (height, width, 3) as the member's transform makes them.
        attribute: whose likeliest value is explained.

    Raises:
        ValueError: when there is no such attribute, or the backbone has no feature maps (h, w).
    """
    space = member.card.space
    place = [a.name for a in space.attributes].index(attribute)
    backbone: Any = member.classifier.backbone
    device = next(member.classifier.parameters()).device
    pixels = normalize(torch.from_numpy(image[None]).to(device), member.card.transform.normalization)
    with torch.enable_grad():
        maps = backbone.forward_features(pixels)
        if maps.ndim != 4 or maps.shape[1] != backbone.num_features:  # else sequences, or channels come last
            raise ValueError(f"Expected feature maps (N, F, h, w), got shape {tuple(maps.shape)}.")
        maps = maps.detach().requires_grad_()
        logits = member.classifier.head(backbone.forward_head(maps, pre_logits=True).float())
        log_p = logits.log_softmax(dim=1).reshape(1, *space.sizes)
        others = [axis + 1 for axis in range(len(space.sizes)) if axis != place]
        of_values = (torch.logsumexp(log_p, dim=others) if others else log_p)[
            0
        ]  # no dim would be all of them
        (gradient,) = torch.autograd.grad(of_values.max(), maps)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    heat = (weights * maps.detach()).sum(dim=1)[0].clamp_min(0)
    return np.asarray((heat / heat.max().clamp_min(1e-12)).float().cpu().numpy())


def has_looks(member: Member) -> bool:
    """Whether a member's backbone has feature maps, which show where it looked."""
    blank = np.zeros((*member.card.transform.output_size, 3), np.uint8)
    try:
        grad_cam(member, blank, member.card.space.attributes[0].name)
    except (ValueError, AttributeError):
        return False
    return True
