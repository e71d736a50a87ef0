"""The part of a recipe that fits linear heads on frozen features, in place of the training loop."""

from pydantic import Field

from maskwise.strict_model import StrictModel


class LinearHeadPart(StrictModel):
    """How the linear head of one attribute is fitted; null is chosen on the training groups, by folds."""

    strength: float | None = Field(default=None, gt=0)  # inverse of the L2 penalty, scikit-learn's C
    balance: float | None = Field(
        default=None, ge=0, le=2
    )  # a class weighs the inverse of its share to this power


class ProbePart(StrictModel):
    """A linear probe (G. Alain and Y. Bengio, 2016): features once, then a logistic regression for each attribute."""

    heads: dict[str, LinearHeadPart] = Field(
        default_factory=dict
    )  # by attribute; those not named are chosen whole
    folds: int = Field(default=5, ge=2)  # of the training groups, to choose by
