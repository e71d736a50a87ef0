"""A head on frozen features: a recipe's labels, loss, head, sampling and decision, tried in seconds.

What changes the backbone or what it sees (augmentation, optimiser, batch size, epochs) can't be tried so.
"""

from typing import Any

import numpy as np
import torch

from maskwise.data.decoding_pool import default_workers
from maskwise.data.transform import resolve
from maskwise.errors import InputError
from maskwise.inference.engine import Probabilities
from maskwise.losses import create_loss
from maskwise.models.classifier import create_classifier, resolve_backbone
from maskwise.models.heads import create_head
from maskwise.process_settings import compute_threads
from maskwise.randomness import keyed_seed
from maskwise.recipes.schedules import CosineSchedule
from maskwise.recipes.schema import Recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.training.create_photo_source import create_photo_source
from maskwise.training.frozen_features import Features, frozen_features
from maskwise.training.optimization import create_schedule
from maskwise.training.resolve_recipe import class_counts
from maskwise.training.training_data import TrainingData

# Chosen once on procedural people, among seven settings, so that no study tunes them.
EPOCHS, BATCH, RATE, DECAY = 60, 256, 3e-4, 1.0

OFFSET_RATE = 50 * RATE
"""Of biases and ordinal thresholds, which don't decay: at the rate of the weights they would not come as far as the
classes' shares in so few steps."""

FROZEN_KEYS = ("labels", "loss", "model.head", "sampling", "decision", "split.train_share")
"""What a head on frozen features can answer; everything else is about the backbone."""


def can_be_frozen(key: str) -> bool:
    """Whether a recipe's key can be tried on frozen features."""
    return any(key == known or key.startswith(f"{known}.") for known in FROZEN_KEYS)


def check_frozen_base(recipe: Recipe) -> None:
    """Refuse a recipe that learns from what a head on frozen features would leave out.

    Raises:
        InputError: naming it.
    """
    additional = {
        "data.more": recipe.data.more,
        "pseudo_labels": recipe.pseudo_labels,
        "distillation": recipe.distillation,
        "start_from": recipe.start_from,
    }
    if used := [name for name, value in additional.items() if value]:
        raise InputError(
            f"Expected a base that a head on frozen features can be trained by, got one with {used[0]}: "
            "set mode: fine-tune."
        )


def backbone_features(data: TrainingData, recipe: Recipe, reporter: Reporter = SILENT) -> Features:
    """Features (N, F) of all photos by the recipe's backbone, as evaluation sees them; kept in the cache.

    Raises:
        InputError: when the backbone or its weights are not available.
    """
    faces = data.table.space.faces
    model = resolve_backbone(recipe.model, faces=faces)
    classifier, made = create_classifier(model, data.table.space, seed=keyed_seed(recipe.seed, "model"))
    transform = resolve(recipe.transform, made.size, made.mean, made.std, faces=faces)
    source = create_photo_source(data, recipe.model_copy(update={"transform": transform}), reporter)
    return frozen_features(
        classifier, source, workers=default_workers(), progress=reporter.progress("extracting features")
    )


def train_head(recipe: Recipe, data: TrainingData, features: Features) -> Probabilities:
    """Joint probabilities (H, C) of the held-out rows, by the recipe's head trained on those of the training side."""
    with compute_threads(1):  # the matrices are so small that more threads only wait for each other
        return _train_head(recipe, data, features)


def _train_head(recipe: Recipe, data: TrainingData, features: Features) -> Probabilities:
    rows, space = data.train_rows, data.table.space
    mean, std = features[rows].mean(axis=0), features[rows].std(axis=0) + 1e-6
    scaled = torch.from_numpy((features - mean) / std)
    targets = torch.from_numpy(data.targets)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(keyed_seed(recipe.seed, "model"))
        head = create_head(recipe.model.head, features.shape[1], space)
    loss = create_loss(recipe.loss, class_counts(data, recipe)).train()
    steps = max(1, len(rows) // BATCH)
    offsets = [parameter for parameter in head.parameters() if parameter.ndim < 2]
    weights = [parameter for parameter in head.parameters() if parameter.ndim >= 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": weights, "lr": RATE, "weight_decay": DECAY},
            {"params": offsets, "lr": OFFSET_RATE, "weight_decay": 0.0},
        ]
    )
    schedule = create_schedule(CosineSchedule(warmup=0.1), optimizer, steps_per_epoch=steps, epochs=EPOCHS)
    order_of = data.epoch_orders(recipe.sampling, recipe.seed)
    for epoch in range(EPOCHS):
        order = order_of(epoch)
        for step in range(steps):
            picked = torch.from_numpy(order[step * BATCH : (step + 1) * BATCH])
            optimizer.zero_grad()
            value: Any = loss(head(scaled[picked]), targets[picked])
            value.backward()
            optimizer.step()
            schedule.step()
    with torch.inference_mode():
        logits = head(scaled[torch.from_numpy(data.held_out_rows)])
    return np.asarray(logits.softmax(dim=1).numpy())
