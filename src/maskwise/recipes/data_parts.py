"""The parts of a recipe that choose data: which photos, who is held out, what is trained towards."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from maskwise.strict_model import StrictModel


class DataPart(StrictModel):
    """Which data are used, and how photos are cached."""

    cache: bool = False  # keep decoded photos in a memory-mapped file
    groups: tuple[str, ...] | None = None  # additional columns to score by; null: all with few values
    corrections: str | None = None  # a CSV whose accepted rows are applied
    more: tuple[str, ...] = ()  # additional labelled data, trained on and never held out


class SplitPart(StrictModel):
    """Which persons are held out."""

    by: Literal["person", "photo", "table"] = "person"  # photo leaks persons on purpose, to show the effect
    held_out: float = Field(default=0.2, gt=0, lt=1)
    seed: int = 0
    near_duplicates: Literal["refuse", "join"] = "refuse"
    folds: int | None = Field(default=None, ge=2)  # instead of held_out: this many folds, of which
    fold: int | None = Field(default=None, ge=0)  # this one is held out
    nobody: bool = False  # hold no person out: a refit on all data, without a score
    train_share: float = Field(
        default=1.0, gt=0, le=1
    )  # of the persons on the training side; the rest is unused

    @model_validator(mode="after")
    def _check(self) -> "SplitPart":
        if self.fold is not None and (self.folds is None or self.fold >= self.folds):
            raise ValueError(f"expected fold to be below folds {self.folds}, got {self.fold}")
        if (self.folds is not None or self.nobody) and self.by != "person":
            raise ValueError(f"expected split.by person for folds and refits, got {self.by}")
        return self


class LabelPart(StrictModel):
    """Changes to the training labels; the score keeps its boundaries and the original labels."""

    boundaries: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    deviations: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)  # of a labelled number
    leave_out: dict[str, tuple[float, float]] = Field(default_factory=dict)  # {age: [57, 59]}: not trained on

    @model_validator(mode="after")
    def _check(self) -> "LabelPart":
        for name, (low, high) in self.leave_out.items():
            if low > high:
                raise ValueError(
                    f"expected leave_out.{name} to be two rising numbers, got [{low:g}, {high:g}]"
                )
        return self
