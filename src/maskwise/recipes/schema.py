"""A recipe: everything that a training may choose, as typed data with every default written out."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from maskwise.data.sampling import SamplingSpec, ShuffledSpec
from maskwise.data.transform import TransformSpec
from maskwise.losses import LossSpec
from maskwise.losses.cross_entropy import CrossEntropySpec
from maskwise.models.classifier import ModelSpec
from maskwise.models.decision import Rule
from maskwise.recipes.mixing import MixingSpec


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_switch_for_a_number(cls, content: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
        """`epochs: true` is a slip, not one epoch."""
        for name, value in content.items() if isinstance(content, dict) else ():
            field = cls.model_fields.get(name)
            if isinstance(value, bool) and field is not None and field.annotation is not bool:
                raise ValueError(f"expected {name} to be no {str(value).lower()}")
        return content


class DataPart(_Part):
    """How photos are kept at hand."""

    cache: bool = False  # keep decoded photos in a memory-mapped file
    groups: tuple[str, ...] | None = None  # further columns to score by; null: all with few values
    corrections: str | None = None  # a CSV whose accepted rows are applied
    more: tuple[str, ...] = ()  # further labelled data, trained on and never held out


class SplitPart(_Part):
    """Who is held out."""

    by: Literal["person", "photo", "table"] = "person"  # photo leaks, on purpose: only to show what it does
    held_out: float = Field(default=0.2, gt=0, lt=1)
    seed: int = 0
    near_duplicates: Literal["refuse", "join"] = "refuse"
    folds: int | None = Field(default=None, ge=2)  # instead of held_out: this many folds, of which
    fold: int | None = Field(default=None, ge=0)  # this one is held out
    nobody: bool = False  # hold nobody out: a refit on everything, without a score of its own
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


class LabelPart(_Part):
    """What to train towards; the score keeps its own boundaries and the labels as they are."""

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


class _AdaptivePart(_Part):
    lr: float = Field(default=3e-4, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.999)
    layer_decay: float | None = Field(default=None, gt=0, le=1)  # a layer's rate over that of the layer above


class AdamWPart(_AdaptivePart):
    """AdamW (I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019)."""

    kind: Literal["adamw"] = "adamw"


class AdamPart(_AdaptivePart):
    """Adam (D. Kingma and J. Ba, 2015), its weight decay an L2 penalty."""

    kind: Literal["adam"] = "adam"


class StepSchedule(_Part):
    """Multiply the learning rate by `gamma` every `epochs` epochs."""

    kind: Literal["step"] = "step"
    epochs: int = Field(default=2, ge=1)
    gamma: float = Field(default=0.2, gt=0, le=1)


class CosineSchedule(_Part):
    """Rise linearly over the first share of all steps, then fall along a cosine to `final` of the rate."""

    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    final: float = Field(default=0.0, ge=0, le=1)


class OneCycleSchedule(_Part):
    """Rise along a cosine from the rate over `start` to it, then fall to the first over `final` (L. Smith, 2018)."""

    kind: Literal["one_cycle"] = "one_cycle"
    rise: float = Field(default=0.3, gt=0, lt=1)  # share of all steps
    start: float = Field(default=25.0, ge=1)
    final: float = Field(default=1e4, ge=1)


class ConstantSchedule(_Part):
    """The learning rate as it is."""

    kind: Literal["constant"] = "constant"


Optimizer = Annotated[AdamWPart | AdamPart, Field(discriminator="kind")]
AnySchedule = StepSchedule | CosineSchedule | OneCycleSchedule | ConstantSchedule
Schedule = Annotated[AnySchedule, Field(discriminator="kind")]
Metric = Literal["macro_f1", "accuracy", "loss"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]


class EarlyStopping(_Part):
    """Stop when the metric has not improved for `patience` epochs."""

    patience: int = Field(default=3, ge=1)
    min_delta: float = Field(default=0.0, ge=0)


class EmaPart(_Part):
    """Score and keep an exponential moving average of the weights."""

    decay: float = Field(default=0.998, gt=0, lt=1)  # a step


class DistillationPart(_Part):
    """Train towards a mixture of the labels and a run's probabilities.

    After G. Hinton et al., "Distilling the knowledge in a neural network", 2015; the temperature softens the teacher
    alone.
    """

    run: str
    weight: float = Field(default=0.5, gt=0, le=1)  # of the teacher
    temperature: float = Field(default=1.0, gt=0)  # above 1 the teacher is softened


class PseudoLabelPart(_Part):
    """Train on photos without labels too, on those that a run is sure of.

    After D.-H. Lee, "Pseudo-label", 2013, with the run's probabilities in place of its decisions.
    """

    run: str
    data: str
    confidence: float = Field(default=0.9, gt=0, lt=1)


class TrainingPart(_Part):
    """The loop. Every `auto` is settled once, by measuring or by rule, and written into the run's recipe."""

    epochs: int = Field(default=4, ge=1)
    batch_size: int | Literal["auto"] = 128  # photos that a process pushes through at once
    effective_batch: int | None = Field(default=None, ge=1)  # photos a step, over processes and accumulation
    precision: Precision | Literal["auto"] = "auto"
    gradient_clip: float | None = Field(default=None, gt=0)
    metric: Metric = "macro_f1"  # of the held-out persons, every epoch
    keep: Literal["best", "last"] = "best"  # which epoch becomes the member
    early_stopping: EarlyStopping | None = None
    ema: EmaPart | None = None
    frozen_epochs: int = Field(default=0, ge=0)  # epochs at the start in which only the head learns
    workers: int | Literal["auto"] = "auto"  # threads that prepare photos
    threads: int | Literal["auto"] = "auto"  # threads that compute on a CPU

    @property
    def chooses_epochs(self) -> bool:
        """Whether it depends on the held-out persons which epoch becomes the member."""
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


class Recipe(_Part):
    """All that a run is made of, beside the data."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    seed: int = Field(default=0, ge=0)
    data: DataPart = DataPart()
    split: SplitPart = SplitPart()
    labels: LabelPart = LabelPart()
    transform: TransformSpec
    model: ModelSpec = ModelSpec()
    loss: LossSpec = CrossEntropySpec()
    sampling: SamplingSpec = ShuffledSpec()
    mixing: MixingSpec | None = None
    distillation: DistillationPart | None = None
    pseudo_labels: PseudoLabelPart | None = None
    start_from: str | None = None  # a run whose backbone this one begins with
    optimizer: Optimizer = AdamWPart()
    schedule: Schedule = CosineSchedule()
    training: TrainingPart = TrainingPart()
    decision: Rule = "joint"
