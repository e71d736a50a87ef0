"""What a recipe leaves open is settled once, by measuring or by rule, and written into the run."""

from pathlib import Path
from typing import Any

import torch

from maskwise.data.decoding_pool import default_workers
from maskwise.data.transform import resolve
from maskwise.errors import InputError
from maskwise.losses import create_loss
from maskwise.models.classifier import Classifier, create_classifier
from maskwise.process_settings import set_compute_threads
from maskwise.randomness import keyed_seed
from maskwise.recipes.schema import Recipe
from maskwise.recipes.training_loop import Precision
from maskwise.training.batch_size import divide_batch, fits_on_gpu, largest_batch
from maskwise.training.choose_precision import autocast_dtype, measure_precisions
from maskwise.training.distributed import from_first, rank, world_size
from maskwise.training.teachers import start_backbone
from maskwise.training.training_data import Prepared, epoch_orders


def training_device() -> torch.device:
    """The device of this process: a GPU where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda", rank() % torch.cuda.device_count())
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def settle(recipe: Recipe, prepared: Prepared) -> tuple[Recipe, Classifier, dict[str, Any]]:
    """Make everything definite that a recipe leaves to `auto` or null.

    Returns:
        The recipe with what was found, the classifier it describes, and the measurements behind it.

    Raises:
        InputError: when the backbone or its weights can't be had, or the batch can't be as asked.
    """
    part = recipe.training
    device, measured = training_device(), dict[str, Any]()
    threads = torch.get_num_threads() if part.threads == "auto" else part.threads
    set_compute_threads(threads)
    workers = default_workers() if part.workers == "auto" else part.workers
    classifier, backbone = create_classifier(
        recipe.model, prepared.table.space, seed=keyed_seed(recipe.seed, "model")
    )
    if recipe.start_from is not None:
        start_backbone(classifier, Path(recipe.start_from), recipe.model.backbone)
    transform = resolve(recipe.transform, backbone.size, backbone.mean, backbone.std)
    loss = create_loss(recipe.loss, class_counts(prepared, recipe))
    precision: Precision
    if part.precision != "auto":
        precision = part.precision
    else:
        measured["precision"] = measure_precisions(classifier, loss, transform, device)
        fastest = max(measured["precision"], key=measured["precision"].__getitem__)
        agreed = from_first(fastest)
        precision = next(choice for choice in measured["precision"] if choice == agreed)
    batch_size, effective = part.batch_size, part.effective_batch
    if batch_size == "auto":
        found = largest_batch(fits_on_gpu(classifier, loss, transform, device, autocast_dtype(precision)))
        measured["largest_batch"] = found
        batch_size = found
    batch_size, accumulate = divide_batch(batch_size, effective, world_size())
    n_train = len(prepared.train_rows)
    if accumulate > 1 and batch_size * accumulate * world_size() > n_train:
        raise InputError(
            f"Expected training.effective_batch to be at most the {n_train} photos that are trained on, "
            f"got {effective}."
        )
    update = {
        "threads": threads,
        "workers": workers,
        "precision": precision,
        "batch_size": batch_size,
        "effective_batch": batch_size * accumulate * world_size(),
    }
    settled = recipe.model_copy(update={"transform": transform, "training": part.model_copy(update=update)})
    return settled, classifier.cpu(), measured


def class_counts(prepared: Prepared, recipe: Recipe) -> torch.Tensor:
    """Draws of each joint class (C,) in an epoch, fractions where targets are soft.

    Of draws, not of photos: a loss that makes up for rare classes must know what sampling has made up for already.
    """
    order = epoch_orders(prepared, recipe)(0)
    return torch.from_numpy(prepared.train_targets[order].sum(axis=0))
