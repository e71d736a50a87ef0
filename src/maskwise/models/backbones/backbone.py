"""A backbone, and what its weights were trained with."""

from typing import NamedTuple

from torch import nn

from maskwise.data.transform import Rgb


class Backbone(NamedTuple):
    """A module from normalised images (N, 3, H, W) to features (N, F)."""

    module: nn.Module
    n_features: int
    size: tuple[int, int]
    """Height and width of the images it was trained with, in pixels."""
    mean: Rgb
    """Of the pixels it was trained with, in [0, 1]."""
    std: Rgb
    """What pixels in [0, 1] minus the mean are divided by."""
