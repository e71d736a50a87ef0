"""Backbones, heads, and the classifier that a run stores."""
