"""The one place where a name chooses a head."""

from torch import nn

from maskwise.labels.space import LabelSpace
from maskwise.models.heads.joint import JointHead, JointHeadSpec

HeadSpec = JointHeadSpec
"""What a recipe may say of a head; every kind gives joint logits (N, C)."""


def create_head(spec: HeadSpec, n_features: int, space: LabelSpace) -> nn.Module:
    """Build a head from features (N, `n_features`) to joint logits (N, C) over a label space."""
    return JointHead(n_features, space)
