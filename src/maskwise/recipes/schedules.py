"""The learning-rate schedule of a recipe; `training/optimization.py` computes it."""

from typing import Annotated, Literal

from pydantic import Field

from maskwise.strict_model import StrictModel


class StepSchedule(StrictModel):
    """Multiply the learning rate by `gamma` every `epochs` epochs."""

    kind: Literal["step"] = "step"
    epochs: int = Field(default=2, ge=1)
    gamma: float = Field(default=0.2, gt=0, le=1)


class CosineSchedule(StrictModel):
    """Rise linearly over the share `warmup` of all steps, then fall along a cosine to the share `final` of the rate."""

    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    final: float = Field(default=0.0, ge=0, le=1)


class OneCycleSchedule(StrictModel):
    """Rise along a cosine from rate / `start` to the rate, then fall to rate / `start` / `final` (L. Smith, 2018)."""

    kind: Literal["one_cycle"] = "one_cycle"
    rise: float = Field(default=0.3, gt=0, lt=1)  # share of all steps
    start: float = Field(default=25.0, ge=1)
    final: float = Field(default=1e4, ge=1)


class ConstantSchedule(StrictModel):
    """A constant learning rate."""

    kind: Literal["constant"] = "constant"


AnySchedule = StepSchedule | CosineSchedule | OneCycleSchedule | ConstantSchedule
Schedule = Annotated[AnySchedule, Field(discriminator="kind")]
