"""The head that all procedural people are shaped from (CC0), as `tools/build_people_assets.py` makes it."""

from maskwise.people.assets.head import Head, load_head

__all__ = ["Head", "load_head"]
