"""Heads: from a backbone's features to joint logits."""

from maskwise.models.heads.create import HeadSpec, create_head

__all__ = ["HeadSpec", "create_head"]
