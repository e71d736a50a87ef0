"""The declared label space: the ground everything else stands on."""

from maskwise.labels.space import Attribute, LabelSpace, builtin_label_space

__all__ = ["Attribute", "LabelSpace", "builtin_label_space"]
