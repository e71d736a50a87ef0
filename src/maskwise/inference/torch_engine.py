"""The members of a run in PyTorch, on the device at hand."""

from collections.abc import Sequence

import numpy as np
import torch

from maskwise.data.decoding import Pixels
from maskwise.data.normalization import normalize
from maskwise.data.transform import TransformSpec
from maskwise.inference.engine import Probabilities
from maskwise.models.ensemble import EnsembleSpec, combine_members
from maskwise.models.member import Member


class TorchEngine:
    """Computes the members' probabilities and combines them; each member may transform a photo in its own way."""

    backend = "torch"

    def __init__(
        self, members: Sequence[Member], device: torch.device, ensemble: EnsembleSpec | None = None
    ) -> None:
        self.members = tuple(members)
        self._device = device
        self._ensemble = ensemble or EnsembleSpec()
        # Members with one transform share each photo's pixels.
        self._groups: dict[TransformSpec, list[int]] = {}
        for place, member in enumerate(members):
            self._groups.setdefault(member.card.transform, []).append(place)
        self._classifiers = [member.classifier.to(device) for member in members]

    @property
    def transforms(self) -> tuple[TransformSpec, ...]:
        """The members' transforms, each once."""
        return tuple(self._groups)

    def probabilities(self, images: Sequence[Pixels]) -> Probabilities:
        """Joint probabilities (N, C) of photos (N, height, width, 3), once for each transform."""
        each: list[torch.Tensor | None] = [None] * len(self._classifiers)
        with torch.inference_mode():
            for pixels, (transform, places) in zip(images, self._groups.items(), strict=True):
                normalized = normalize(torch.from_numpy(pixels).to(self._device), transform.normalization)
                for place in places:
                    each[place] = self._classifiers[place](normalized).softmax(dim=1)
            stacked = torch.stack([member for member in each if member is not None]).float()
            return np.asarray(combine_members(stacked, self._ensemble).cpu().numpy())
