"""Run the loop under Lightning: checkpoints, early stopping, interruption."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as lightning
import numpy as np
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from maskwise.process_settings import quiet_lightning
from maskwise.recipes.training_loop import Precision, TrainingPart
from maskwise.reporter import Reporter
from maskwise.runs.run_folder import RunFolder
from maskwise.training.checkpoints import WholeCheckpoints, load_checkpoint
from maskwise.training.distributed import any_says, is_first, local_world_size, world_size
from maskwise.training.ema import MovingAverage
from maskwise.training.history import History
from maskwise.training.lightning_module import Batch, TrainingModule
from maskwise.training.loaders import EvaluationLoader, TrainingLoader
from maskwise.training.progress_callback import ProgressCallback

LAST = "last.ckpt"
BEST = "best.ckpt"

CHECKPOINT_MINUTES = 10
"""Between the ends of epochs, how much work a kill can cost."""


class Interrupted(Exception):
    """The user asked to stop; the last checkpoint is where a resume goes on."""


@dataclass(frozen=True)
class Fit:
    """How a fit ended."""

    interrupted: bool
    epochs_done: int
    history: list[dict[str, float]]
    seconds: float
    images_per_second: float | None = None

    @classmethod
    def of_epochs(cls, history: list[dict[str, float]], *, interrupted: bool) -> "Fit":
        """From the rows of all epochs that were done."""
        speeds = [row["images_per_second"] for row in history]
        return cls(
            interrupted,
            epochs_done=len(history),
            history=history,
            seconds=round(sum(row["seconds"] for row in history), 1),
            images_per_second=round(float(np.median(speeds)), 1) if speeds else None,
        )

    @classmethod
    def of_probe(cls, *, seconds: float, images_per_second: float) -> "Fit":
        """From a fit that has no epochs."""
        return cls(
            False,
            epochs_done=0,
            history=[],
            seconds=round(seconds, 1),
            images_per_second=round(images_per_second, 1),
        )


class CheckpointBetweenSteps(lightning.Callback):
    """Checkpoints between two optimiser steps: every ten minutes, and on the first Ctrl-C (or SIGTERM), then stop.

    Never inside of an accumulated step: its partial gradients are in no checkpoint.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint
        self._asked = False
        self.stopping = False  # behind an epoch, as asked
        self._saved = time.monotonic()

    def ask(self, signum: int, frame: FrameType | None) -> None:
        """Note the signal; the next one ends the process at once."""
        self._asked = True
        signal.signal(signum, signal.SIG_DFL if signum == signal.SIGTERM else signal.default_int_handler)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take signals in while the block runs; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {s: signal.signal(s, self.ask) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Take SIGTERM back from Lightning, whose handler ends the process without a checkpoint."""
        if threading.current_thread() is threading.main_thread() and not self._asked:
            signal.signal(signal.SIGTERM, self.ask)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Save, and stop, between two optimiser steps; all processes do it at the same step.

        Raises:
            Interrupted: when a signal had come to any of them.
        """
        last = batch_idx + 1 >= int(trainer.num_training_batches)
        if last:
            # The epoch is scored and its own checkpoint written; then Lightning stops.
            if any_says(self._asked):
                self.stopping = trainer.should_stop = True
            return
        if (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        due = time.monotonic() - self._saved > CHECKPOINT_MINUTES * 60
        if not any_says(self._asked or due):
            return
        trainer.save_checkpoint(self._checkpoint)
        self._saved = time.monotonic()
        if any_says(self._asked):
            raise Interrupted


class KeepBest(lightning.Callback):
    """Writes a checkpoint whenever the metric of the held-out persons improves; remembers it over a resume."""

    def __init__(self, checkpoint: Path, part: TrainingPart) -> None:
        self._checkpoint, self._metric, self._sign = (
            checkpoint,
            part.metric,
            -1.0 if part.metric == "loss" else 1.0,
        )
        self._best = float("-inf")

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"best": self._best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What a checkpoint had kept."""
        self._best = float(state_dict["best"])

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Save the epoch if it is the best so far."""
        value = self._sign * float(trainer.callback_metrics[f"held_out/{self._metric}"])
        if value > self._best:
            self._best = value
            trainer.save_checkpoint(
                self._checkpoint
            )  # in full: an average of the weights is put in its place by that


class PatientStopping(EarlyStopping):
    """Early stopping that stays stopped when a run is resumed behind its end."""

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Stop at once where patience had run out."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The parts of a training loop."""

    module: TrainingModule
    training: TrainingLoader
    held_out: EvaluationLoader
    accumulate: int  # batches per optimiser step
    photos_per_batch: int  # over all processes


def fit(loop: Loop, part: TrainingPart, *, folder: RunFolder, reporter: Reporter) -> Fit:
    """Train from the start, or from the run's last checkpoint where there is one.

    Raises:
        MaskwiseError: when the loss is no number, or a photo can't be read any more.
    """
    checkpoints, held_out = folder.checkpoints, loop.held_out
    history = History(folder.history, photos_per_batch=loop.photos_per_batch)
    stop = CheckpointBetweenSteps(checkpoints / LAST)
    callbacks: list[lightning.Callback] = [history]
    if (
        part.ema is not None
    ):  # in front of all that write checkpoints: they hold the average with this step in it
        callbacks.append(MovingAverage(part.ema.decay))
    callbacks.append(stop)
    scored = len(held_out) > 0
    if part.keep == "best" and scored:
        callbacks.append(KeepBest(checkpoints / BEST, part))
    callbacks.append(
        ModelCheckpoint(
            checkpoints, filename=Path(LAST).stem, save_on_train_epoch_end=True, enable_version_counter=False
        )
    )
    if part.early_stopping is not None and scored:
        callbacks.append(
            PatientStopping(
                f"held_out/{part.metric}",
                mode="min" if part.metric == "loss" else "max",
                patience=part.early_stopping.patience,
                min_delta=part.early_stopping.min_delta,
                check_on_train_epoch_end=True,
            )
        )
    if is_first():
        callbacks.append(
            ProgressCallback(
                reporter,
                photos_per_batch=loop.photos_per_batch,
                train_batches=len(loop.training),
                held_out_batches=len(held_out),
            )
        )
    processes = world_size()
    precision: Precision = "32-true"
    if part.precision != "auto" and part.precision != "measure":
        precision = part.precision
    with quiet_lightning(), stop.listening():
        trainer = lightning.Trainer(
            max_epochs=part.epochs,
            accelerator="auto",
            devices=local_world_size(),
            num_nodes=processes // local_world_size(),
            strategy=_strategy(part, processes),
            precision=precision,
            accumulate_grad_batches=loop.accumulate,
            gradient_clip_val=part.gradient_clip,
            callbacks=callbacks,
            plugins=[WholeCheckpoints()],
            logger=TensorBoardLogger(folder.path, name="tensorboard", version=""),
            log_every_n_steps=10,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            deterministic="warn",
        )
        loop.training.follow(lambda: trainer.current_epoch)
        resume = checkpoints / LAST
        if resume.is_file():
            load_checkpoint(resume)
        interrupted = False
        try:
            # weights_only: a checkpoint holds tensors and plain values, and nothing in it is executed.
            trainer.fit(
                loop.module,
                loop.training,
                held_out if scored else None,
                ckpt_path=resume if resume.is_file() else None,
                weights_only=True,
            )
        except Interrupted:
            interrupted = True
    interrupted = interrupted or (stop.stopping and len(history.rows) < part.epochs)
    return Fit.of_epochs(history.rows, interrupted=interrupted)


def _strategy(part: TrainingPart, processes: int) -> str:
    if processes == 1:
        return "auto"
    # While the backbone is frozen, its parameters get no gradient, which plain DDP would wait for.
    return "ddp_find_unused_parameters_true" if part.frozen_epochs else "ddp"
