"""The ResNet of dlib's face recognition model: 29 convolutions, 256 features, trained on faces.

Architecture after K. He et al., "Deep Residual Learning for Image Recognition", 2016, with half the filters, as
Davis E. King built it in dlib; computed in the same way as dlib, shortcuts and borders included.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from maskwise.models.backbones.dlib_weights import (
    ConvolutionShape,
    ConvolutionWeights,
    read_dlib_face_weights,
)

FACE_RESNET = "dlib_face_resnet"
"""Its name as a backbone."""

FACE_RESNET_FEATURES = 256
FACE_RESNET_SIDE = 150
"""Height and width of the images it was trained with, in pixels."""

# Trained on RGB in 0..255 minus a mean, over 256: here for pixels in 0..1.
FACE_RESNET_MEAN = (122.782 / 255, 117.001 / 255, 104.298 / 255)
FACE_RESNET_STD = (256 / 255, 256 / 255, 256 / 255)


class _Stage(NamedTuple):
    channels: int
    blocks: int
    halves: bool


_STAGES = (
    _Stage(32, 3, halves=False),
    _Stage(64, 4, halves=True),
    _Stage(128, 3, halves=True),
    _Stage(256, 3, halves=True),
    _Stage(256, 1, halves=True),
)


class FaceBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut that has no parameters: images (N, I, H, W) to (N, O, H', W')."""

    def __init__(self, inputs: int, outputs: int, *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=2 if halves else 1, padding=0 if halves else 1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features (N, O, H', W'), after the ReLU."""
        residual = self.conv2(functional.relu(self.conv1(images), inplace=True))
        if self.halves:
            # dlib adds tensors of different sizes as if the smaller were filled with zeros.
            images = functional.avg_pool2d(images, 2)
            images, residual = _fill(images, residual), _fill(residual, images)
        return functional.relu(residual + images, inplace=True)


class FaceResNet(nn.Module):
    """Images (N, 3, H, W), normalised by FACE_RESNET_MEAN and FACE_RESNET_STD, to features (N, 256).

    dlib's affine layers are part of the convolutions. H and W are 103 or more; the weights were trained at 150.
    """

    def __init__(self, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_features = FACE_RESNET_FEATURES
        self.dropout = nn.Dropout(dropout)
        self.stem = nn.Conv2d(3, _STAGES[0].channels, 7, stride=2)
        self.stages = nn.ModuleList()
        inputs = _STAGES[0].channels
        for stage in _STAGES:
            blocks = nn.Sequential()
            for number in range(stage.blocks):
                blocks.append(FaceBlock(inputs, stage.channels, halves=stage.halves and number == 0))
                inputs = stage.channels
            self.stages.append(blocks)

    def forward_features(self, images: torch.Tensor) -> torch.Tensor:
        """The last feature maps (N, 256, h, w)."""
        maps = functional.max_pool2d(functional.relu(self.stem(images), inplace=True), 3, stride=2)
        for stage in self.stages:
            maps = stage(maps)
        return maps

    def forward_head(self, maps: torch.Tensor, pre_logits: bool = True) -> torch.Tensor:
        """Features (N, 256) of feature maps: their mean; there is no classifier, so these are the pre-logits."""
        features: torch.Tensor = self.dropout(maps.mean(dim=(2, 3)))
        return features

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features (N, 256): the mean of the last feature maps."""
        return self.forward_head(self.forward_features(images))

    def group_matcher(self, coarse: bool = False) -> dict[str, object]:
        """Which parameters make up a layer, from input to output, as timm's models state it."""
        return {"stem": r"^stem", "blocks": r"^stages\.(\d+)" if coarse else r"^stages\.(\d+)\.(\d+)"}

    def convolutions(self) -> list[nn.Conv2d]:
        """The convolutions from input to output."""
        return [module for module in self.modules() if isinstance(module, nn.Conv2d)]


def create_face_resnet(*, pretrained: bool = True, dropout: float = 0.0) -> FaceResNet:
    """The face network, in channels-last memory format.

    Args:
        pretrained: with dlib's weights; otherwise with random ones.
        dropout: probability of dropping a feature.

    Raises:
        InputError: when the package with the weights is missing, or its file is missing, truncated or altered.
    """
    model = FaceResNet(dropout=dropout)
    if pretrained:
        convolutions = model.convolutions()
        shapes = [
            ConvolutionShape(conv.out_channels, conv.in_channels, conv.kernel_size[0])
            for conv in convolutions
        ]
        for convolution, weights in zip(convolutions, read_dlib_face_weights(shapes), strict=True):
            _load(convolution, weights)
    return model.to(memory_format=torch.channels_last)


@torch.no_grad()
def _load(convolution: nn.Conv2d, weights: ConvolutionWeights) -> None:
    """Set a convolution to dlib's convolution and affine layer in one."""
    assert convolution.bias is not None
    gamma = torch.from_numpy(weights.gamma)
    convolution.weight.copy_(torch.from_numpy(weights.filters) * gamma[:, None, None, None])
    convolution.bias.copy_(torch.from_numpy(weights.bias) * gamma + torch.from_numpy(weights.beta))


def _fill(images: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """`images` with zeros below, on the right and in missing channels, up to the size of `other`."""
    missing = [max(0, other.shape[axis] - images.shape[axis]) for axis in (3, 2, 1)]
    if not any(missing):
        return images
    return functional.pad(images, (0, missing[0], 0, missing[1], 0, missing[2]))
