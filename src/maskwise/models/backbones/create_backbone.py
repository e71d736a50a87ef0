"""The one place where a name chooses a backbone and the source of its weights."""

import difflib
from pathlib import Path

import timm
from torch import nn

from maskwise.errors import InputError
from maskwise.models.backbones.backbone import Backbone
from maskwise.models.backbones.bundled_imagenet import BUNDLED_MEAN, BUNDLED_STD, bundled_state
from maskwise.models.backbones.face_resnet import (
    FACE_RESNET,
    FACE_RESNET_FEATURES,
    FACE_RESNET_MEAN,
    FACE_RESNET_SIDE,
    FACE_RESNET_STD,
    create_face_resnet,
)
from maskwise.models.backbones.hugging_face import download_weights
from maskwise.models.backbones.load_safetensors import load_backbone_weights
from maskwise.models.backbones.timm_backbone import create_timm_module, without_classifier
from maskwise.models.backbones.weights_source import HUB_PREFIX, WeightsSource


def create_backbone(
    name: str, *, weights: WeightsSource, dropout: float = 0.0, drop_path: float = 0.0
) -> Backbone:
    """Build a backbone without a classifier.

    Args:
        name: `dlib_face_resnet`, or an architecture of timm such as `tf_efficientnet_lite0`.
        weights: where they come from.
        dropout: probability of dropping a feature before the head.
        drop_path: probability of skipping a residual block (stochastic depth), 0 for architectures without.

    Raises:
        InputError: when the name is unknown, or the weights can't be had or are another architecture's.
    """
    if name == FACE_RESNET:
        return _face_resnet(weights, dropout, drop_path)
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, [FACE_RESNET, *timm.list_models()], n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise InputError(
            f"Expected model.backbone to be {FACE_RESNET} or an architecture of timm, got {name!r}{hint}"
        )
    module = create_timm_module(name, pretrained=weights == "hub", dropout=dropout, drop_path=drop_path)
    if weights == "bundled":
        module.load_state_dict(bundled_state(name, module), strict=True)
        return without_classifier(module)._replace(mean=BUNDLED_MEAN, std=BUNDLED_STD)
    classifier = _classifier(module)
    made = without_classifier(module)
    if weights.startswith(HUB_PREFIX):
        found = download_weights(weights, name)
        load_backbone_weights(module, found.path, name, classifier=classifier)
        return made._replace(
            size=found.size or made.size, mean=found.mean or made.mean, std=found.std or made.std
        )
    if weights not in ("hub", "none"):
        load_backbone_weights(module, Path(weights), name, classifier=classifier)
    return made


def _face_resnet(weights: WeightsSource, dropout: float, drop_path: float) -> Backbone:
    if weights == "hub" or weights.startswith(HUB_PREFIX):
        raise InputError(
            f"Expected model.weights to be bundled, none or a .safetensors file for {FACE_RESNET}, got {weights}."
        )
    if drop_path:
        raise InputError(f"Expected drop_path 0 for {FACE_RESNET}, which has none, got {drop_path:g}.")
    module = create_face_resnet(pretrained=weights == "bundled", dropout=dropout)
    if weights not in ("bundled", "none"):
        load_backbone_weights(module, Path(weights), FACE_RESNET, classifier=())
    return Backbone(
        module,
        FACE_RESNET_FEATURES,
        (FACE_RESNET_SIDE, FACE_RESNET_SIDE),
        FACE_RESNET_MEAN,
        FACE_RESNET_STD,
    )


def _classifier(module: nn.Module) -> tuple[str, ...]:
    """The names of a timm model's classifier modules."""
    names = getattr(module, "pretrained_cfg", {}).get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)
