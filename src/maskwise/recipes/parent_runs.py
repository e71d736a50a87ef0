"""The parts of a recipe that learn from another run: distillation and pseudo-labels."""

from pydantic import Field

from maskwise.strict_model import StrictModel


class DistillationPart(StrictModel):
    """Train on a mixture of the labels and the probabilities of a run, the teacher.

    After G. Hinton et al., "Distilling the knowledge in a neural network", 2015; the temperature is applied to
    the teacher alone.
    """

    run: str
    weight: float = Field(default=0.5, gt=0, le=1)  # of the teacher
    temperature: float = Field(default=1.0, gt=0)  # above 1 it softens the teacher's probabilities


class PseudoLabelPart(StrictModel):
    """Also train on photos without labels for which a run is confident.

    After D.-H. Lee, "Pseudo-label", 2013, with the run's probabilities in place of its decisions.
    """

    run: str
    data: str
    confidence: float = Field(default=0.9, gt=0, lt=1)
