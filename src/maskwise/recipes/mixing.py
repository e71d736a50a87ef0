"""The mixing of photos in a recipe; `training/mixing` does it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from maskwise.strict_model import StrictModel


class HalfFaceSpec(StrictModel):
    """The vertical cutmix: the left part of one photo, the right part of another."""

    kind: Literal["half_face"] = "half_face"
    probability: float = Field(default=0.5, ge=0, le=1)  # of mixing a batch
    split: tuple[float, float] = (0.46, 0.54)  # the range of the cut, as shares of the width
    same: tuple[str, ...] = ("mask",)  # attributes in which both halves agree
    partner: dict[str, str] = Field(
        default_factory=dict
    )  # photos that give halves, such as {age: ">=60"}; all

    @model_validator(mode="after")
    def _check(self) -> "HalfFaceSpec":
        low, high = self.split
        if not 0 < low <= high < 1:
            raise ValueError(
                f"expected split to be two rising shares between 0 and 1, got {list(self.split)}"
            )
        return self


class MixupSpec(StrictModel):
    """Whole photos blended (H. Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018)."""

    kind: Literal["mixup"] = "mixup"
    probability: float = Field(default=0.5, ge=0, le=1)  # of mixing a batch
    alpha: float = Field(default=0.2, gt=0)  # of the Beta distribution


class CutmixSpec(StrictModel):
    """A rectangle of another photo (S. Yun et al., "CutMix", 2019)."""

    kind: Literal["cutmix"] = "cutmix"
    probability: float = Field(default=0.5, ge=0, le=1)
    alpha: float = Field(default=1.0, gt=0)


MixingSpec = Annotated[HalfFaceSpec | MixupSpec | CutmixSpec, Field(discriminator="kind")]
