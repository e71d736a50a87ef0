"""The parts of the training loop, from training data and a resolved recipe."""

from maskwise.data.photo_source import PhotoSource
from maskwise.losses import create_loss
from maskwise.models.classifier import Classifier
from maskwise.recipes.schema import Recipe
from maskwise.training.distributed import rank, world_size
from maskwise.training.lightning_module import TrainingModule
from maskwise.training.loaders import EvaluationLoader, TrainingLoader
from maskwise.training.resolve_recipe import class_counts
from maskwise.training.trainer import Loop
from maskwise.training.training_data import TrainingData


def create_loop(recipe: Recipe, data: TrainingData, classifier: Classifier, source: PhotoSource) -> Loop:
    """Loaders and module of a training."""
    part = recipe.training
    batch, workers = int(part.batch_size), int(part.workers)
    accumulate = (part.effective_batch or batch) // (batch * world_size()) or 1
    training = TrainingLoader(
        source,
        data.epoch_orders(recipe.sampling, recipe.seed),
        len(data.train_rows),
        batch_size=batch,
        rank=rank(),
        world=world_size(),
        accumulate=accumulate,
        workers=workers,
    )
    held_out = EvaluationLoader(
        source, data.held_out_rows, batch_size=batch, rank=rank(), world=world_size(), workers=workers
    )
    module = TrainingModule(
        classifier,
        create_loss(recipe.loss, class_counts(data, recipe)),
        recipe,
        space=data.table.space,
        normalization=recipe.transform.normalization,
        train_targets=data.targets,
        score_classes=data.photos.score_classes,
        steps_per_epoch=max(1, len(training) // accumulate),
    )
    return Loop(
        module=module,
        training=training,
        held_out=held_out,
        accumulate=accumulate,
        photos_per_batch=batch * world_size(),
    )
