"""The optimizer of a recipe; `training/optimization.py` creates it."""

from typing import Annotated, Literal

from pydantic import Field

from maskwise.strict_model import StrictModel


class _AdaptivePart(StrictModel):
    lr: float = Field(default=3e-4, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.999)
    backbone_share: float = Field(default=1.0, gt=0, le=1)  # of the head's rate that the backbone learns with
    layer_decay: float | None = Field(
        default=None, gt=0, le=1
    )  # the rate of a layer divided by that of the next one


class AdamWPart(_AdaptivePart):
    """AdamW (I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019)."""

    kind: Literal["adamw"] = "adamw"


class AdamPart(_AdaptivePart):
    """Adam (D. Kingma and J. Ba, 2015), its weight decay an L2 penalty."""

    kind: Literal["adam"] = "adam"


Optimizer = Annotated[AdamWPart | AdamPart, Field(discriminator="kind")]
