"""A run as one graph from pixels to joint probabilities, with all of its members."""

from collections.abc import Sequence

import torch
from torch import nn

from maskwise.data.transform import TransformSpec
from maskwise.models.ensemble import EnsembleSpec, combine_members
from maskwise.models.member import Member

OUTPUT_NAME = "probabilities"


def input_names(transforms: Sequence[TransformSpec]) -> list[str]:
    """The names of a graph's inputs, one for each transform."""
    return [f"pixels_{place}" for place in range(len(transforms))]


class ExportGraph(nn.Module):
    """Pixels (N, height, width, 3), uint8, one input for each of the transforms, to joint probabilities (N, C).

    Normalisation is part of the graph, so that users of the file only have to resize photos.
    """

    transforms: tuple[TransformSpec, ...]

    def __init__(self, members: Sequence[Member], ensemble: EnsembleSpec) -> None:
        super().__init__()
        self.classifiers = nn.ModuleList([member.classifier for member in members])
        self.transforms = tuple(dict.fromkeys(member.card.transform for member in members))
        self._input_of = [self.transforms.index(member.card.transform) for member in members]
        self._ensemble = ensemble
        for place, transform in enumerate(self.transforms):
            step = transform.normalization
            assert step.mean is not None  # a member's card has the values that training used
            assert step.std is not None
            std = torch.tensor(step.std)
            self.register_buffer(f"scale_{place}", 1 / (255 * std))
            self.register_buffer(f"offset_{place}", torch.tensor(step.mean) / std)

    def forward(self, *pixels: torch.Tensor) -> torch.Tensor:
        """Joint probabilities (N, C)."""
        normalized = [
            (images.float() * getattr(self, f"scale_{place}") - getattr(self, f"offset_{place}")).permute(
                0, 3, 1, 2
            )
            for place, images in enumerate(pixels)
        ]
        probabilities = torch.stack(
            [
                classifier(normalized[place]).softmax(dim=1)
                for place, classifier in zip(self._input_of, self.classifiers, strict=True)
            ]
        )
        return combine_members(probabilities, self._ensemble)
