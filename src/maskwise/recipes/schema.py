"""A recipe: everything that a training may choose, as typed data with every default written out."""

from pydantic import Field, model_validator

from maskwise.data.sampling import SamplingSpec, ShuffledSpec
from maskwise.data.transform import TransformSpec
from maskwise.losses import LossSpec
from maskwise.losses.cross_entropy import CrossEntropySpec
from maskwise.models.classifier import ModelSpec
from maskwise.models.decision import Rule
from maskwise.recipes.data_parts import DataPart, LabelPart, SplitPart
from maskwise.recipes.mixing import MixingSpec
from maskwise.recipes.optimizers import AdamWPart, Optimizer
from maskwise.recipes.parent_runs import DistillationPart, PseudoLabelPart
from maskwise.recipes.probe import ProbePart
from maskwise.recipes.schedules import CosineSchedule, Schedule
from maskwise.recipes.training_loop import TrainingPart
from maskwise.strict_model import StrictModel


class Recipe(StrictModel):
    """Everything that defines a run, except the data."""

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
    start_from: str | None = None  # a run whose backbone initialises this one
    optimizer: Optimizer = AdamWPart()
    schedule: Schedule = CosineSchedule()
    training: TrainingPart = TrainingPart()
    probe: ProbePart | None = None  # linear heads on frozen features, in place of the training loop
    decision: Rule = "joint"

    @model_validator(mode="after")
    def _check_probe(self) -> "Recipe":
        if self.probe is None:
            return self
        if self.model.head.kind != "branches":
            raise ValueError(f"expected model.head branches with a probe, got {self.model.head.kind}")
        random = [step.step for step in self.transform.steps if step.phase == "train"]
        if random:
            raise ValueError(
                f"expected no steps of phase train with a probe, which sees a photo once, got {random[0]}"
            )
        if self.mixing is not None:
            raise ValueError("expected no mixing with a probe, which sees no batches")
        if self.training.chooses_epochs:
            raise ValueError(
                "expected training.keep last and no early_stopping with a probe, which has no epochs"
            )
        return self
