"""The training loop's module: Lightning drives it, the pieces are plain functions."""

from typing import Any

import lightning.pytorch as lightning
import numpy as np
import numpy.typing as npt
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import nn

from maskwise.data.normalization import normalize
from maskwise.data.targets import Targets
from maskwise.data.transform import Normalize
from maskwise.errors import MaskwiseError
from maskwise.metrics.classification import accuracy, count_by_person, macro_f1
from maskwise.models.classifier import Classifier
from maskwise.models.decision import Rule, decide
from maskwise.randomness import keyed_seed
from maskwise.recipes.mixing import CutmixSpec, HalfFaceSpec, MixupSpec
from maskwise.recipes.schema import Recipe
from maskwise.tasks.label_space import UNKNOWN, LabelSpace
from maskwise.training.distributed import gather, rank, share_buffers
from maskwise.training.mixing.pair_mixing import mix_pairs
from maskwise.training.mixing.vertical_cutmix import half_face_partners, mix_half_faces
from maskwise.training.optimization import create_optimizer, create_schedule

Batch = tuple[torch.Tensor, torch.Tensor]
"""Rows (N,) of the table and pixels (N, height, width, 3), uint8."""


class TrainingModule(lightning.LightningModule):
    """A classifier with its loss, optimiser and the scores of held-out photos.

    Args:
        classifier: images to joint logits.
        loss: joint logits (N, C) and target probabilities (N, C) to a scalar.
        recipe: what was chosen, everything resolved.
        space: the label space of the score.
        normalization: the transform's last step, done on the device.
        train_targets: target probabilities of every row of the table (R, C), with the training's boundaries.
        score_classes: joint class of every row with the score's boundaries (R,).
        steps_per_epoch: optimiser steps.
    """

    def __init__(
        self,
        classifier: Classifier,
        loss: nn.Module,
        recipe: Recipe,
        *,
        space: LabelSpace,
        normalization: Normalize,
        train_targets: Targets,
        score_classes: npt.NDArray[np.int64],
        steps_per_epoch: int,
    ) -> None:
        super().__init__()
        self.classifier = classifier
        self.loss = loss
        self._recipe = recipe
        self._space = space
        self._normalization = normalization
        self._train_targets = torch.from_numpy(train_targets)
        self._score_classes = score_classes
        mixing = recipe.mixing
        if isinstance(mixing, HalfFaceSpec):
            # What only a run has labelled is mixed as it is most likely to be.
            classes = np.where(score_classes == UNKNOWN, train_targets.argmax(axis=1), score_classes)
            self._kinds = _kinds(space, classes, mixing.same)
            self._givers = _having(space, classes, mixing.partner)
        self._steps_per_epoch = steps_per_epoch
        self._losses: list[torch.Tensor] = []
        self._outputs: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.scores: dict[str, float] = {}

    def _targets(self, rows: torch.Tensor, device: torch.device) -> torch.Tensor:
        return self._train_targets[rows.cpu()].to(device)

    def _mixed(
        self, rows: torch.Tensor, images: torch.Tensor, batch_index: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised images (N, 3, H, W) and targets of a batch, mixed where the recipe says so."""
        targets, mixing = self._targets(rows, images.device), self._recipe.mixing
        if isinstance(mixing, HalfFaceSpec):
            places = rows.cpu().numpy()
            partners = half_face_partners(
                mixing,
                self._kinds[places],
                self._givers[places],
                (self._recipe.seed, self.current_epoch, batch_index, rank()),
            )
            if partners is not None:
                images, targets = mix_half_faces(images, targets, partners)
        normalized = normalize(images, self._normalization)
        if isinstance(mixing, MixupSpec | CutmixSpec):
            normalized, targets = mix_pairs(normalized, targets, mixing)
        return normalized, targets

    def on_train_start(self) -> None:
        """Freeze the backbone where a resume in mid-epoch begins in a frozen one."""
        self._freeze()

    def on_train_epoch_start(self) -> None:
        """Hold the backbone still in the epochs that are the head's own."""
        self._freeze()

    def _freeze(self) -> None:
        frozen = self.current_epoch < self._recipe.training.frozen_epochs
        self.classifier.backbone.requires_grad_(not frozen)
        self.classifier.backbone.train(not frozen)  # its running statistics are held still too

    def training_step(self, batch: Batch, batch_index: int) -> torch.Tensor:
        """The loss of a batch; what it draws (dropout, stochastic depth) is keyed by epoch, batch and process."""
        rows, images = batch
        torch.manual_seed(keyed_seed(self._recipe.seed, "step", self.current_epoch, batch_index, rank()))
        images, targets = self._mixed(rows, images, batch_index)
        logits = self.classifier(images)
        loss: torch.Tensor = self.loss(logits, targets)
        self._losses.append(loss.detach())
        return loss

    def mean_loss(self) -> float:
        """The mean loss of the epoch under way, of this process."""
        return float(self._stacked_losses().mean()) if self._losses else float("nan")

    def _stacked_losses(self) -> torch.Tensor:
        """The losses of the epoch under way on one device: after a resume some come from a checkpoint."""
        return torch.stack([loss.to(self.device) for loss in self._losses])

    def on_train_epoch_end(self) -> None:
        """Start the next epoch's mean of the loss anew; a checkpoint written after this holds none.

        Raises:
            MaskwiseError: when the mean loss of the epoch is infinite or not a number.
        """
        self._check_losses()
        self._losses.clear()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the losses of an epoch under way, so that its mean is the same after a resume."""
        checkpoint["epoch_losses"] = self._stacked_losses().cpu() if self._losses else torch.empty(0)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the losses of an epoch under way."""
        self._losses = list(checkpoint["epoch_losses"])

    def on_validation_epoch_start(self) -> None:
        """Forget the outputs of the epoch before, and stop at a loss that is no number.

        Raises:
            MaskwiseError: when the mean loss of the epoch is infinite or not a number.
        """
        self._outputs.clear()
        share_buffers(self.classifier)
        self._check_losses()

    def _check_losses(self) -> None:
        if self._losses and not torch.isfinite(self._stacked_losses()).all():
            raise MaskwiseError(
                f"Expected the loss to be finite, got {self.mean_loss()} in epoch "
                f"{self.current_epoch + 1}. Lower optimizer.lr, set training.gradient_clip=1, or "
                "training.precision=32-true."
            )

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Keep the log-probabilities of a batch."""
        rows, images = batch
        logits = self.classifier(normalize(images, self._normalization)).float()
        self._outputs.append((rows.cpu(), logits.log_softmax(dim=1).cpu()))

    def on_validation_epoch_end(self) -> None:
        """Score all held-out photos at once."""
        if self.trainer.sanity_checking:
            return
        # Empty tensors in front: with more processes than photos, some have none.
        none = (torch.empty(0, dtype=torch.int64), torch.empty(0, self._space.n_classes))
        rows, log_p = (gather(torch.cat(parts)) for parts in zip(none, *self._outputs, strict=True))
        self.scores = score_epoch(
            log_p.exp().numpy(), self._score_classes[rows.numpy()], self._space, self._recipe.decision
        )
        self.scores["loss"] = float(self.loss(log_p, self._targets(rows, log_p.device)))
        if self._losses:
            means = gather(self._stacked_losses().cpu())
            self.log("train/loss", means.mean(), rank_zero_only=True)
            self.scores["train_loss"] = float(means.mean())
        for name in ("macro_f1", "accuracy", "loss"):
            self.log(f"held_out/{name}", self.scores[name], prog_bar=False)
        for name, value in self.scores.items():
            if name not in ("macro_f1", "accuracy", "loss", "train_loss"):
                self.log(f"held_out/{name}", value)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """The recipe's optimiser and schedule, stepped every optimiser step."""
        optimizer = create_optimizer(
            self._recipe.optimizer, self.classifier, clipped=self._recipe.training.gradient_clip is not None
        )
        schedule = create_schedule(
            self._recipe.schedule,
            optimizer,
            steps_per_epoch=self._steps_per_epoch,
            epochs=self._recipe.training.epochs,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _kinds(space: LabelSpace, classes: npt.NDArray[np.int64], same: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """A number (R,) for each combination of the named attributes: photos of one number may be mixed."""
    places = [place for place, attribute in enumerate(space.attributes) if attribute.name in same]
    if not places:
        return np.zeros_like(classes)
    _, coded = np.unique(space.decode(classes)[:, places], axis=0, return_inverse=True)
    return coded.reshape(-1)


def _having(
    space: LabelSpace, classes: npt.NDArray[np.int64], wanted: dict[str, str]
) -> npt.NDArray[np.bool_]:
    """Which photos (R,) have all the named values."""
    indices, having = space.decode(classes), np.ones(len(classes), dtype=bool)
    for place, attribute in enumerate(space.attributes):
        if attribute.name in wanted:
            having &= indices[:, place] == attribute.values.index(wanted[attribute.name])
    return having


def score_epoch(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], space: LabelSpace, rule: Rule
) -> dict[str, float]:
    """Macro F1, accuracy and each attribute's macro F1 of probabilities (N, C) against classes (N,)."""
    predictions = decide(probabilities, space, rule)
    scores = _scores(labels, predictions, space.n_classes)
    label_values, predicted_values = space.decode(labels), space.decode(predictions)
    for place, attribute in enumerate(space.attributes):
        own = _scores(label_values[:, place], predicted_values[:, place], len(attribute.values))
        scores[f"{attribute.name}_macro_f1"] = own["macro_f1"]
    return scores


def _scores(
    labels: npt.NDArray[np.int64], predictions: npt.NDArray[np.int64], n_classes: int
) -> dict[str, float]:
    everyone = np.zeros(len(labels), dtype=np.int64)
    stacked = count_by_person(labels, predictions, everyone, n_classes, 1).stacked[0]
    return {"macro_f1": float(macro_f1(stacked)), "accuracy": float(accuracy(stacked))}
