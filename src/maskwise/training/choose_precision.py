"""Precision chosen by the device, or on request by measuring, which other load on the machine can change."""

import copy
import time
from statistics import median

import torch

from maskwise.data.transform import TransformSpec
from maskwise.losses.create import Loss
from maskwise.models.classifier import Classifier
from maskwise.recipes.training_loop import Precision

_BATCH, _STEPS = 32, 4
_PROBED, _HOPELESS = 4, 1 / 3
"""Photos that are tried first, and the share of the best rate below which no more are: a processor that computes
bfloat16 in software is twenty times slower in it, and would be measured for minutes."""


def precision_by_rule(device: torch.device) -> Precision:
    """The precision of a device and its torch build, whatever else the machine does: float32 but on CUDA."""
    if device.type != "cuda":
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"


def measure_precisions(
    classifier: Classifier, loss: Loss, transform: TransformSpec, device: torch.device
) -> dict[Precision, float]:
    """Photos a second of training steps in each precision that the device offers; the model is left as it was."""
    choices: list[Precision] = ["32-true", "bf16-mixed"]
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        choices = ["32-true", "16-mixed"]
    if device.type == "mps":
        choices = ["32-true"]
    model = copy.deepcopy(classifier).to(device).train()
    # Few photos are compared with as few: on a GPU they take as long as many.
    rates = {c: _photos_per_second(model, loss, transform, device, c, _PROBED) for c in choices}
    least = _HOPELESS * max(rates.values())
    for choice in choices:
        if rates[choice] >= least:
            rates[choice] = _photos_per_second(model, loss, transform, device, choice, _BATCH)
    return rates


def autocast_dtype(precision: Precision) -> torch.dtype | None:
    """The type that a mixed precision computes in; None for float32 throughout."""
    return {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}.get(precision)


def _photos_per_second(
    model: Classifier,
    loss: Loss,
    transform: TransformSpec,
    device: torch.device,
    precision: Precision,
    batch: int,
) -> float:
    dtype = autocast_dtype(precision)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, 3, *transform.output_size, generator=generator).to(device)
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
    return round(batch / median(seconds[1:]), 1)
