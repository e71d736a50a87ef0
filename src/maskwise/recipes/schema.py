"""A recipe: everything that a training may choose, as typed data with every default written out."""

from pydantic import Field

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
    decision: Rule = "joint"
