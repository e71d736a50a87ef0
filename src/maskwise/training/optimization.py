"""Optimisers and learning-rate schedules by a recipe's names."""

import math

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from maskwise.training.recipe import (
    AdamWPart,
    ConstantSchedule,
    CosineSchedule,
    StepSchedule,
)


def create_optimizer(part: AdamWPart, model: nn.Module, *, clipped: bool) -> torch.optim.Optimizer:
    """AdamW over all parameters, as one fused kernel where the device has it.

    Lightning can't clip gradients in front of a fused kernel in mixed precision, hence `clipped`.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    fused = not clipped and all(p.device.type in ("cpu", "cuda") for p in parameters)
    return torch.optim.AdamW(
        parameters, lr=part.lr, weight_decay=part.weight_decay, betas=part.betas, fused=fused
    )


def create_schedule(
    part: StepSchedule | CosineSchedule | ConstantSchedule,
    optimizer: torch.optim.Optimizer,
    *,
    steps_per_epoch: int,
    epochs: int,
) -> LambdaLR:
    """The schedule as a factor of the learning rate at each optimiser step."""
    total = steps_per_epoch * epochs

    def factor(step: int) -> float:
        return learning_rate_factor(part, step, steps_per_epoch=steps_per_epoch, total=total)

    return LambdaLR(optimizer, factor)


def learning_rate_factor(
    part: StepSchedule | CosineSchedule | ConstantSchedule, step: int, *, steps_per_epoch: int, total: int
) -> float:
    """What the learning rate is multiplied by at a step, counted from 0."""
    if isinstance(part, StepSchedule):
        return float(part.gamma ** (step // steps_per_epoch // part.epochs))
    if isinstance(part, CosineSchedule):
        warmup = round(part.warmup * total)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        progress = min(1.0, (step - warmup) / max(1, total - warmup))
        return part.final + (1 - part.final) * (1 + math.cos(math.pi * progress)) / 2
    return 1.0
