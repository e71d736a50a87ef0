"""The training loop of a recipe: epochs, batches, precision, and which epoch is kept."""

from typing import Literal

from pydantic import Field, model_validator

from maskwise.strict_model import StrictModel

Metric = Literal["macro_f1", "accuracy", "loss"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


class EarlyStopping(StrictModel):
    """Stop when the metric has not improved for `patience` epochs."""

    patience: int = Field(default=3, ge=1)
    min_delta: float = Field(default=0.0, ge=0)


class EmaPart(StrictModel):
    """Use an exponential moving average of the weights for scoring and for the member."""

    decay: float = Field(default=0.998, gt=0, lt=1)  # per step


class TrainingPart(StrictModel):
    """The training loop. Every `auto` is resolved once, by measuring or by rule, and stored in the run's recipe."""

    epochs: int = Field(default=4, ge=1)
    batch_size: int | Literal["auto"] = 128  # photos per forward pass of a process
    effective_batch: int | None = Field(
        default=None, ge=1
    )  # photos per step, over processes and accumulation
    precision: Precision | Literal["auto", "measure"] = (
        "auto"  # auto: by the device; measure: what is faster here
    )
    gradient_clip: float | None = Field(default=None, gt=0)
    metric: Metric = "macro_f1"  # on the held-out persons, after every epoch
    keep: Literal["best", "last"] = "best"  # the epoch that becomes the member
    early_stopping: EarlyStopping | None = None
    ema: EmaPart | None = None
    frozen_epochs: int = Field(default=0, ge=0)  # first epochs, in which only the head is trained
    workers: int | Literal["auto"] = "auto"  # threads that prepare photos
    threads: int | Literal["auto"] = "auto"  # threads that compute on a CPU

    @property
    def chooses_epochs(self) -> bool:
        """Whether the held-out persons decide which epoch becomes the member."""
        return self.keep == "best" or self.early_stopping is not None

    @model_validator(mode="after")
    def _check(self) -> "TrainingPart":
        for name in ("batch_size", "workers", "threads"):
            value = getattr(self, name)
            if value != "auto" and value < 1:
                raise ValueError(f"expected {name} to be auto or at least 1")
        if (
            self.effective_batch is not None
            and self.batch_size != "auto"
            and self.effective_batch % self.batch_size
        ):
            raise ValueError(
                f"expected effective_batch to be a multiple of batch_size {self.batch_size}, "
                f"got {self.effective_batch}"
            )
        if self.frozen_epochs >= self.epochs:
            raise ValueError(
                f"expected frozen_epochs to be below epochs {self.epochs}, got {self.frozen_epochs}"
            )
        return self
