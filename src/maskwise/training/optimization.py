"""Optimisers and learning-rate schedules by a recipe's names."""

import math
from typing import Any

import torch
from timm.optim import param_groups_layer_decay  # type: ignore[attr-defined] # public, without a marked re-export
from torch.optim.lr_scheduler import LambdaLR

from maskwise.errors import InputError
from maskwise.models.classifier import Classifier
from maskwise.recipes.optimizers import AdamPart, AdamWPart
from maskwise.recipes.schedules import AnySchedule, CosineSchedule, OneCycleSchedule, StepSchedule


def create_optimizer(
    part: AdamWPart | AdamPart, model: Classifier, *, clipped: bool
) -> torch.optim.Optimizer:
    """The optimiser over all parameters, as one fused kernel where the device has it.

    Lightning can't clip gradients in front of a fused kernel in mixed precision, hence `clipped`.
    """
    fused = not clipped and all(p.device.type in ("cpu", "cuda") for p in model.parameters())
    create = torch.optim.AdamW if isinstance(part, AdamWPart) else torch.optim.Adam
    return create(
        _groups(part, model), lr=part.lr, weight_decay=part.weight_decay, betas=part.betas, fused=fused
    )


def _groups(part: AdamWPart | AdamPart, model: Classifier) -> list[dict[str, Any]]:
    """All parameters; the backbone with its share of the rate, with layer decay lower the deeper a layer lies.

    The layers are timm's (H. Bao et al., "BEiT", 2022); the head has the full rate.
    """
    if part.layer_decay is None and part.backbone_share == 1:
        return [{"params": list(model.parameters())}]
    rate = part.lr * part.backbone_share
    head = {"params": list(model.head.parameters())}
    if part.layer_decay is None:
        return [{"params": list(model.backbone.parameters()), "lr": rate}, head]
    groups: list[dict[str, Any]] = param_groups_layer_decay(
        model.backbone,
        weight_decay=part.weight_decay,
        weight_decay_exclude_1d=False,
        layer_decay=part.layer_decay,
    )
    if len({group["lr_scale"] for group in groups}) < 2:
        raise InputError(
            "optimizer.layer_decay: expected a backbone whose layers timm can tell apart, got one layer."
        )
    layers = [
        {
            "params": group["params"],
            "weight_decay": group["weight_decay"],
            "lr": rate * part.layer_decay * group["lr_scale"],
        }
        for group in groups
    ]
    return [*layers, head]


def create_schedule(
    part: AnySchedule, optimizer: torch.optim.Optimizer, *, steps_per_epoch: int, epochs: int
) -> LambdaLR:
    """The schedule as a factor of the learning rate at each optimiser step."""
    total = steps_per_epoch * epochs

    def factor(step: int) -> float:
        return learning_rate_factor(part, step, steps_per_epoch=steps_per_epoch, total=total)

    return LambdaLR(optimizer, factor)


def learning_rate_factor(part: AnySchedule, step: int, *, steps_per_epoch: int, total: int) -> float:
    """What the learning rate is multiplied by at a step, counted from 0."""
    if isinstance(part, StepSchedule):
        return float(part.gamma ** (step // steps_per_epoch // part.epochs))
    if isinstance(part, CosineSchedule):
        warmup = round(part.warmup * total)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        progress = min(1.0, (step - warmup) / max(1, total - warmup))
        return part.final + (1 - part.final) * (1 + math.cos(math.pi * progress)) / 2
    if isinstance(part, OneCycleSchedule):
        low, last = 1 / part.start, 1 / part.start / part.final
        top = part.rise * total - 1
        if step <= top:
            return _cosine(low, 1.0, step / top) if top > 0 else 1.0
        return _cosine(1.0, last, min(1.0, (step - top) / max(1e-9, total - 1 - top)))
    return 1.0


def _cosine(begin: float, end: float, progress: float) -> float:
    return end + (begin - end) * (1 + math.cos(math.pi * progress)) / 2
