"""The line a user watches: epoch, images a second, time left, the current macro F1."""

import time

import lightning.pytorch as lightning
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from maskwise.training.lightning_module import Batch, TrainingModule


class ProgressLine(lightning.Callback):
    """A bar over all batches of the run, and a printed line an epoch."""

    def __init__(self, console: Console, *, photos_per_batch: int) -> None:
        self._console = console
        self._photos_per_batch = photos_per_batch
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]:.0f} images/s, macro F1 {task.fields[score]}, left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = TaskID(0)
        self._begin = 0.0
        self._first_batch: int | None = None  # of this epoch: not 0 behind a resume
        self._score = "-"

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Show the bar."""
        per_epoch = int(trainer.num_training_batches)
        self._task = self._bar.add_task(
            "training",
            total=per_epoch * (trainer.max_epochs or 1),
            completed=per_epoch * trainer.current_epoch,
            epoch=f"{trainer.current_epoch + 1}/{trainer.max_epochs}",
            speed=0.0,
            score=self._score,
        )
        self._bar.start()
        self._begin, self._first_batch = time.perf_counter(), None

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Name the epoch."""
        self._begin, self._first_batch = time.perf_counter(), None
        self._bar.update(self._task, epoch=f"{trainer.current_epoch + 1}/{trainer.max_epochs}")

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Move on by a batch."""
        if self._first_batch is None:
            self._first_batch = batch_idx
        done = batch_idx + 1 - self._first_batch
        speed = done * self._photos_per_batch / (time.perf_counter() - self._begin)
        self._bar.update(self._task, advance=1, speed=speed)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Print the epoch's scores."""
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        scores = pl_module.scores
        self._score = f"{scores['macro_f1']:.3f}"
        self._bar.update(self._task, score=self._score)
        attributes = ", ".join(
            f"{name.removesuffix('_macro_f1')} {value:.3f}"
            for name, value in scores.items()
            if name.endswith("_macro_f1")
        )
        self._console.print(
            f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}: loss {scores.get('train_loss', 0):.3f}, "
            f"held-out macro F1 {scores['macro_f1']:.3f} ({attributes}), "
            f"{time.perf_counter() - self._begin:.0f} s",
            soft_wrap=True,
        )

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Print the epoch's loss where nobody is held out."""
        if not trainer.enable_validation and isinstance(pl_module, TrainingModule):
            self._console.print(
                f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}: loss {pl_module.mean_loss():.3f}, "
                f"{time.perf_counter() - self._begin:.0f} s",
                soft_wrap=True,
            )

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Take the bar away."""
        self._bar.stop()

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        """Take the bar away, so that the message stands alone."""
        self._bar.stop()
