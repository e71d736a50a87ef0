"""Backbones by the names of timm's architectures, with timm's own weights from the hub or random ones."""

from typing import Any

import timm
from torch import nn

from maskwise.errors import InputError, in_short
from maskwise.models.backbones.backbone import Backbone


def create_timm_module(name: str, *, pretrained: bool, dropout: float, drop_path: float) -> nn.Module:
    """A timm architecture with its classifier.

    Args:
        name: such as `tf_efficientnet_lite0`.
        pretrained: with timm's weights, downloaded once; otherwise with random ones.
        dropout: probability of dropping a feature in front of the classifier.
        drop_path: probability of skipping a residual block (stochastic depth), 0 for architectures without.

    Raises:
        InputError: when the weights can't be downloaded, or the architecture has no stochastic depth.
    """
    options: dict[str, Any] = {"drop_rate": dropout}
    if drop_path:
        options["drop_path_rate"] = drop_path
    if not pretrained:
        try:
            return timm.create_model(name, pretrained=False, **options)
        except TypeError as error:
            raise InputError(f"Expected {name} to take {sorted(options)}, got: {error}.") from error
    try:
        return timm.create_model(name, pretrained=True, **options)
    except Exception as error:
        raise InputError(
            f"Expected to download the weights of {name}, got: {in_short(error)}. "
            "Connect once, or set model.weights=bundled with a bundled backbone."
        ) from error


def without_classifier(module: nn.Module) -> Backbone:
    """A timm model that gives features, with what timm says its weights were trained with."""
    timm_model: Any = module  # what timm adds to a module is not typed
    timm_model.reset_classifier(0)
    # Some architectures (MobileNetV3 and later) widen their features in front of the classifier.
    n_features = int(getattr(timm_model, "head_hidden_size", None) or timm_model.num_features)
    trained_with = timm_model.pretrained_cfg
    _, height, width = trained_with["input_size"]
    return Backbone(
        module, n_features, (height, width), tuple(trained_with["mean"]), tuple(trained_with["std"])
    )
