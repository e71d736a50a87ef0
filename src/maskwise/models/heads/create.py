"""The one place where a name chooses a head."""

from typing import Annotated

from pydantic import Field
from torch import nn

from maskwise.models.heads.branches import BranchesHead, BranchesHeadSpec
from maskwise.models.heads.joint import JointHead, JointHeadSpec
from maskwise.models.heads.ordinal import OrdinalHead, OrdinalHeadSpec
from maskwise.models.heads.structured import StructuredHead, StructuredHeadSpec
from maskwise.tasks.label_space import LabelSpace

AnyHeadSpec = JointHeadSpec | BranchesHeadSpec | StructuredHeadSpec | OrdinalHeadSpec
HeadSpec = Annotated[AnyHeadSpec, Field(discriminator="kind")]
"""The head of a recipe; every kind returns joint logits (N, C)."""

_HEADS = {"joint": JointHead, "branches": BranchesHead, "structured": StructuredHead, "ordinal": OrdinalHead}


def create_head(spec: AnyHeadSpec, n_features: int, space: LabelSpace) -> nn.Module:
    """Build a head from features (N, `n_features`) to joint logits (N, C) over a label space."""
    return _HEADS[spec.kind](n_features, space)
