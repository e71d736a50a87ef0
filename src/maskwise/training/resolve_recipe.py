"""Every value that a recipe leaves open is resolved once, by measuring or by rule, and written into the run."""

from dataclasses import dataclass
from pathlib import Path

import torch

from maskwise.data.decoding_pool import default_workers
from maskwise.data.transform import resolve
from maskwise.errors import InputError
from maskwise.inference.device import choose_device
from maskwise.losses import create_loss
from maskwise.models.classifier import Classifier, create_classifier, resolve_backbone
from maskwise.process_settings import set_compute_threads
from maskwise.randomness import keyed_seed
from maskwise.recipes.schema import Recipe
from maskwise.recipes.training_loop import Precision
from maskwise.runs.lineage import Measurements
from maskwise.training.batch_size import divide_batch, fits_on_gpu, largest_batch
from maskwise.training.choose_precision import autocast_dtype, measure_precisions, precision_by_rule
from maskwise.training.distributed import from_first, rank, world_size
from maskwise.training.teachers import start_backbone
from maskwise.training.training_data import TrainingData


@dataclass(frozen=True)
class Resolved:
    """A recipe without open values, the classifier that it describes, and the measurements behind it."""

    recipe: Recipe
    classifier: Classifier
    measured: Measurements


def resolve_recipe(recipe: Recipe, data: TrainingData) -> Resolved:
    """Make everything definite that a recipe leaves to `auto` or null.

    Raises:
        InputError: when the backbone or its weights can't be had, or the batch can't be as asked.
    """
    part = recipe.training
    device, measured = choose_device(rank()), Measurements()
    threads = torch.get_num_threads() if part.threads == "auto" else part.threads
    set_compute_threads(threads)
    workers = default_workers() if part.workers == "auto" else part.workers
    space = data.table.space
    model = resolve_backbone(recipe.model, faces=space.faces)
    classifier, backbone = create_classifier(model, space, seed=keyed_seed(recipe.seed, "model"))
    if recipe.start_from is not None:
        start_backbone(classifier, Path(recipe.start_from), model.backbone)
    transform = resolve(recipe.transform, backbone.size, backbone.mean, backbone.std, faces=space.faces)
    loss = create_loss(recipe.loss, class_counts(data, recipe))
    precision: Precision
    if part.precision == "auto":
        precision = precision_by_rule(device)
    elif part.precision != "measure":
        precision = part.precision
    else:
        rates = measure_precisions(classifier, loss, transform, device)
        measured = Measurements(precision={str(name): rate for name, rate in rates.items()})
        agreed = from_first(max(rates, key=rates.__getitem__))
        precision = next(choice for choice in rates if choice == agreed)
    batch_size, effective = part.batch_size, part.effective_batch
    if batch_size == "auto":
        batch_size = largest_batch(
            fits_on_gpu(classifier, loss, transform, device, autocast_dtype(precision))
        )
        measured = measured.model_copy(update={"largest_batch": batch_size})
    batch_size, accumulate = divide_batch(batch_size, effective, world_size())
    n_train = len(data.train_rows)
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
    training = part.model_copy(update=update)
    settled = recipe.model_copy(update={"transform": transform, "model": model, "training": training})
    return Resolved(settled, classifier.cpu(), measured)


def class_counts(data: TrainingData, recipe: Recipe) -> torch.Tensor:
    """Draws of each joint class (C,) in an epoch, fractions where targets are soft.

    Of draws, not of photos: a loss that makes up for rare classes must know what sampling has made up for already.
    """
    order = data.epoch_orders(recipe.sampling, recipe.seed)(0)
    return torch.from_numpy(data.targets[order].sum(axis=0))
