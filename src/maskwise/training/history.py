"""The history of a training: one row per epoch, complete over interruptions."""

import csv
import io
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning

from maskwise.files import write_text
from maskwise.training.lightning_module import Batch, TrainingModule


class History(lightning.Callback):
    """Writes the scores of every epoch; a resumed run goes on behind the epochs it had kept."""

    def __init__(self, path: Path, *, photos_per_batch: int) -> None:
        self._path = path
        self._photos_per_batch = photos_per_batch
        self._batches = 0
        self._begin = 0.0
        self._trained = 0.0
        self.rows: list[dict[str, float]] = []

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What a checkpoint had kept."""
        self.rows = [dict(row) for row in state_dict["rows"]]

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock; a run resumed in mid-epoch has no epoch's start."""
        self._begin, self._batches = time.perf_counter(), 0

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock of the epoch."""
        self._begin, self._batches = time.perf_counter(), 0

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count the batches that this process has seen of the epoch."""
        self._batches += 1

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Add the epoch's row where nobody is held out."""
        if trainer.enable_validation or not isinstance(pl_module, TrainingModule):
            return
        self._trained = time.perf_counter() - self._begin
        self._add(trainer, {"train_loss": pl_module.mean_loss()})

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Training of the epoch is over, validation begins."""
        self._trained = time.perf_counter() - self._begin

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Add the epoch's row; before checkpoints are written, so that they hold it too."""
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        scores = dict(pl_module.scores)
        trained = {"train_loss": scores.pop("train_loss", float("nan"))}
        self._add(trainer, trained | {f"held_out_{name}": value for name, value in scores.items()})

    def _add(self, trainer: lightning.Trainer, scores: dict[str, float]) -> None:
        row = {
            "epoch": trainer.current_epoch + 1,
            **scores,
            "lr": trainer.optimizers[0].param_groups[-1]["lr"],
            "seconds": time.perf_counter() - self._begin,
            "images_per_second": self._batches * self._photos_per_batch / self._trained,
        }
        self.rows.append({name: round(value, 6) for name, value in row.items()})
        if trainer.is_global_zero:
            self._write()

    def _write(self) -> None:
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, fieldnames=list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self._path, buffer.getvalue())
