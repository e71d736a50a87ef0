"""A classifier: a backbone and a head, from normalised images to joint logits."""

import torch
from pydantic import Field
from torch import nn

from maskwise.models.backbones.backbone import Backbone
from maskwise.models.backbones.create_backbone import create_backbone
from maskwise.models.backbones.face_resnet import FACE_RESNET
from maskwise.models.backbones.weights_source import WeightsSource
from maskwise.models.heads import HeadSpec, create_head
from maskwise.models.heads.joint import JointHeadSpec
from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace

AUTO = "auto"
DEFAULT_BACKBONE = "tf_efficientnet_lite0"


class ModelSpec(StrictModel):
    """The model of a recipe."""

    backbone: str = DEFAULT_BACKBONE  # auto: a face-trained one on tasks of faces; a run writes out which
    weights: WeightsSource = "bundled"
    head: HeadSpec = Field(default_factory=JointHeadSpec)
    mirror: bool = (
        False  # outside of training, features are the mean of those of a photo and of its mirror image
    )
    dropout: float = Field(default=0.0, ge=0, lt=1)
    drop_path: float = Field(default=0.0, ge=0, lt=1)


class Classifier(nn.Module):
    """Images (N, 3, H, W), normalised, to joint logits (N, C)."""

    def __init__(self, backbone: nn.Module, head: nn.Module, *, mirror: bool = False) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.mirror = mirror

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Features (N, F) in float32, whatever the precision of the backbone."""
        features: torch.Tensor = self.backbone(images).float()
        if self.mirror and not self.training:
            features = (features + self.backbone(images.flip(3)).float()) / 2
        return features

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Joint logits (N, C) in float32, whatever the precision of the backbone."""
        logits: torch.Tensor = self.head(self.features(images))
        return logits.float()


def resolve_backbone(spec: ModelSpec, *, faces: bool) -> ModelSpec:
    """The same model with the backbone that `auto` stands for.

    Args:
        spec: the model.
        faces: whether the task's photos show faces.
    """
    if spec.backbone != AUTO:
        return spec
    return spec.model_copy(update={"backbone": FACE_RESNET if faces else DEFAULT_BACKBONE})


def create_classifier(spec: ModelSpec, space: LabelSpace, *, seed: int) -> tuple[Classifier, Backbone]:
    """Build a classifier; also returns its backbone with the size, mean and std that its weights were trained with.

    Random initialisation depends on `seed` alone; the caller's random state is not changed.

    Raises:
        InputError: when the backbone is unknown or its weights are not available.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = create_backbone(
            spec.backbone, weights=spec.weights, dropout=spec.dropout, drop_path=spec.drop_path
        )
        head = create_head(spec.head, backbone.n_features, space)
    model = Classifier(backbone.module, head, mirror=spec.mirror).to(memory_format=torch.channels_last)
    return model, backbone
