"""Photos a second of a training step: maskwise beside plain eager PyTorch with its defaults.

    python benchmarks/training.py
    python benchmarks/training.py --backbone tf_efficientnet_lite0 --size 128 --batch 64

Same model, size, batch, loss and optimiser, random photos in memory. Plain is what one writes first: contiguous
tensors, the allocator as it is, AdamW as it is. maskwise is the run's own way: channels_last, its allocator
settings, a fused optimiser, the precision that it measures to be fastest. Each turn is a process of its own,
because allocator settings can't be taken back. Needs no photos.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.turns import take_turns
from maskwise.competition.task import competition_task
from maskwise.data.normalization import normalize
from maskwise.data.transform import Normalize, Resize, TransformSpec
from maskwise.losses import create_loss
from maskwise.losses.cross_entropy import CrossEntropySpec
from maskwise.models.classifier import ModelSpec, create_classifier
from maskwise.process_settings import keep_freed_memory
from maskwise.recipes.optimizers import AdamWPart
from maskwise.training.choose_precision import autocast_dtype, measure_precisions
from maskwise.training.optimization import create_optimizer

WARM_UP = 3


def photos(batch: int, size: int) -> torch.Tensor:
    """Random photos (N, size, size, 3), uint8."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), dtype=np.uint8))


def plain_speed(backbone: str, size: int, batch: int, steps: int) -> float:
    """Photos a second of the plain loop."""
    model, made = create_classifier(
        ModelSpec(backbone=backbone, weights="none"), competition_task().space, seed=0
    )
    model = model.to(memory_format=torch.contiguous_format).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    loss_of = nn.CrossEntropyLoss()
    images, classes = photos(batch, size), torch.arange(batch) % 18
    seconds = []
    for _ in range(WARM_UP + steps):
        begin = time.perf_counter()
        pixels = images.permute(0, 3, 1, 2).float() / 255
        pixels = (pixels - torch.tensor(made.mean).view(3, 1, 1)) / torch.tensor(made.std).view(3, 1, 1)
        optimizer.zero_grad()
        loss = loss_of(model(pixels.contiguous()), classes)
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
    return batch / statistics.median(seconds[WARM_UP:])


def maskwise_speed(backbone: str, size: int, batch: int, steps: int) -> float:
    """Photos a second of the package's step."""
    keep_freed_memory()
    space = competition_task().space
    model, made = create_classifier(ModelSpec(backbone=backbone, weights="none"), space, seed=0)
    step = Normalize(mean=made.mean, std=made.std)
    loss_of = create_loss(CrossEntropySpec())
    spec = TransformSpec(steps=(Resize(height=size, width=size), step))
    measured = measure_precisions(model, loss_of, spec, torch.device("cpu"))
    dtype = autocast_dtype(max(measured, key=measured.__getitem__))
    model.train()
    optimizer = create_optimizer(AdamWPart(), model, clipped=False)
    images, classes = photos(batch, size), torch.arange(batch) % 18
    seconds = []
    for _ in range(WARM_UP + steps):
        begin = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype or torch.bfloat16, enabled=dtype is not None):
            logits = model(normalize(images, step))
            loss = loss_of(logits, nn.functional.one_hot(classes, 18).to(logits.dtype))
        torch.autograd.backward(loss)
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
    return batch / statistics.median(seconds[WARM_UP:])


def main() -> None:
    """Print photos a second of both, and the median of their ratio pair by pair."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backbone", default="tf_efficientnet_lite0")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=("plain", "maskwise"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        speed = plain_speed if arguments.way == "plain" else maskwise_speed
        print(json.dumps(speed(arguments.backbone, arguments.size, arguments.batch, arguments.steps)))
        return
    speeds = take_turns(("plain", "maskwise"), arguments.rounds)
    print(describe_machine())
    print(
        f"{arguments.backbone}, {arguments.size} px, batches of {arguments.batch}, {torch.get_num_threads()} threads"
    )
    for way, values in speeds.items():
        print(f"{way:10} {statistics.median(values):7.1f} photos/s  ({min(values):.1f} to {max(values):.1f})")
    ratios = [ours / theirs for ours, theirs in zip(speeds["maskwise"], speeds["plain"], strict=True)]
    print(f"ratio      {statistics.median(ratios):7.2f}           ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
