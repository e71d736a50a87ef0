"""Precision chosen by measuring: what is faster differs from machine to machine."""

import copy
import time
from statistics import median

import torch

from maskwise.data.transform import TransformSpec
from maskwise.losses.create import Loss
from maskwise.models.classifier import Classifier
from maskwise.training.recipe import Precision

_BATCH = 32
_STEPS = 4


def measure_precisions(
    classifier: Classifier, loss: Loss, transform: TransformSpec, device: torch.device
) -> dict[Precision, float]:
    """Photos a second of training steps in each precision that the device offers; the model is left as it was."""
    choices: list[Precision] = ["32-true", "bf16-mixed"]
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        choices = ["32-true", "16-mixed"]
    if device.type == "mps":
        choices = ["32-true"]
    return {choice: _photos_per_second(classifier, loss, transform, device, choice) for choice in choices}


def autocast_dtype(precision: Precision) -> torch.dtype | None:
    """The type that a mixed precision computes in; None for float32 throughout."""
    return {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}.get(precision)


def _photos_per_second(
    classifier: Classifier, loss: Loss, transform: TransformSpec, device: torch.device, precision: Precision
) -> float:
    model = copy.deepcopy(classifier).to(device).train()
    dtype = autocast_dtype(precision)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(_BATCH, 3, *transform.output_size, generator=generator).to(device)
    images = images.to(memory_format=torch.channels_last)
    seconds = []
    with torch.random.fork_rng():
        for _ in range(_STEPS):
            begin = time.perf_counter()
            with torch.autocast(device.type, dtype or torch.float32, enabled=dtype is not None):
                logits = model(images)
            torch.autograd.backward(
                loss(logits.float(), torch.full_like(logits, 1 / logits.shape[1]).float())
            )
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - begin)
    return round(_BATCH / median(seconds[1:]), 1)
