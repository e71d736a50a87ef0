"""The vertical half-face cutmix of the competition's winners: the left of one face, the right of another.

After S. Yun et al., "CutMix", 2019, with the cut where faces are near-symmetric: ordinary random cutmix hurt, this
one was in all three winning solutions.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from maskwise.randomness import Key, keyed_generator
from maskwise.recipes.mixing import HalfFaceSpec


class Partners(NamedTuple):
    """Whose right half each photo of a batch gets (N,), and where its cut lies (N,), as a share of the width."""

    rows: npt.NDArray[np.int64]
    splits: npt.NDArray[np.float64]


def half_face_partners(
    spec: HalfFaceSpec, kinds: npt.NDArray[np.int64], givers: npt.NDArray[np.bool_], key: tuple[Key, ...]
) -> Partners | None:
    """Draw partners for a batch, or None for a batch that stays as it is.

    Args:
        spec: what the recipe says.
        kinds: photos of the same kind (N,) may be partners.
        givers: photos (N,) that may give their half; one without such a partner stays as it is.
        key: what the draw depends on.
    """
    generator = keyed_generator(*key, "half_face")
    if generator.random() >= spec.probability:
        return None
    rows = np.arange(len(kinds))
    for kind in np.unique(kinds):
        inside = np.flatnonzero(kinds == kind)
        giving = inside[givers[inside]]
        if len(giving) == len(inside):
            rows[inside] = generator.permutation(inside)
        elif len(giving):
            rows[inside] = generator.choice(giving, size=len(inside))
    return Partners(rows, generator.uniform(*spec.split, size=len(kinds)))


def mix_half_faces(
    images: torch.Tensor, targets: torch.Tensor, partners: Partners
) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, H, W, 3) whose right part is their partner's, and targets (N, C) mixed by width."""
    width = images.shape[2]
    cut = torch.from_numpy(np.round(partners.splits * width)).to(images.device)
    rows = torch.from_numpy(partners.rows).to(images.device)
    right = torch.arange(width, device=images.device)[None] >= cut[:, None]
    mixed = torch.where(right[:, None, :, None], images[rows], images)
    share = (cut / width).to(targets.dtype)[:, None]
    return mixed, share * targets + (1 - share) * targets[rows]
