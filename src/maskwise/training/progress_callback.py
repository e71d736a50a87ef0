"""Report the progress of a training, and the scores of each epoch."""

import time

import lightning.pytorch as lightning

from maskwise.reporter import Reporter
from maskwise.training.lightning_module import Batch, TrainingModule


class ProgressCallback(lightning.Callback):
    """Reports photos that were trained on or scored, and a message per epoch.

    Args:
        reporter: what it reports to.
        photos_per_batch: over all processes.
        train_batches: of an epoch.
        held_out_batches: scored after each epoch.
    """

    def __init__(
        self, reporter: Reporter, *, photos_per_batch: int, train_batches: int, held_out_batches: int
    ) -> None:
        self._reporter = reporter
        self._progress = reporter.progress("training")
        self._photos_per_batch = photos_per_batch
        self._train_batches = train_batches
        self._held_out_batches = held_out_batches
        self._begin = 0.0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Begin the stage."""
        self._report(trainer, 0)

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Note when the epoch begins."""
        self._begin = time.perf_counter()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count a batch."""
        self._report(trainer, batch_idx + 1)

    def on_validation_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch of held-out photos."""
        self._report(trainer, self._train_batches + batch_idx + 1)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Report the epoch's scores."""
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        scores = pl_module.scores
        attributes = ", ".join(
            f"{name.removesuffix('_macro_f1')} {value:.3f}"
            for name, value in scores.items()
            if name.endswith("_macro_f1")
        )
        self._reporter.message(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}: loss {scores.get('train_loss', 0):.3f}, "
            f"held-out macro F1 {scores['macro_f1']:.3f} ({attributes}), "
            f"{time.perf_counter() - self._begin:.0f} s"
        )

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Report the epoch's loss where nobody is held out."""
        if not trainer.enable_validation and isinstance(pl_module, TrainingModule):
            self._reporter.message(
                f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}: loss {pl_module.mean_loss():.3f}, "
                f"{time.perf_counter() - self._begin:.0f} s"
            )

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """End the stage, also where training stopped early."""
        total = self._total(trainer)
        self._progress(total, total)

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        """End the stage: what follows an interruption has stages of its own."""
        self.on_train_end(trainer, pl_module)

    def _report(self, trainer: lightning.Trainer, batches_of_epoch: int) -> None:
        per_epoch = self._train_batches + self._held_out_batches
        done = (trainer.current_epoch * per_epoch + batches_of_epoch) * self._photos_per_batch
        self._progress(done, self._total(trainer))

    def _total(self, trainer: lightning.Trainer) -> int:
        per_epoch = self._train_batches + self._held_out_batches
        return (trainer.max_epochs or 1) * per_epoch * self._photos_per_batch
