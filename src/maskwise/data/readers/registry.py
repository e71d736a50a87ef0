"""Readers of labelled data, each registered under the entry point group `maskwise.readers`."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.tasks.label_space import LabelSpace

GROUP = "maskwise.readers"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One layout of labelled data: how to recognise it, and how to read it."""

    name: str
    layout: str
    """What the layout looks like, for messages."""
    recognizes: Callable[[Path], bool]
    read: Callable[[Path, LabelSpace, list[UnreadLabel] | None], PhotoTable]
    evaluation_sets: Callable[[Path], list[Path]] = lambda data: []
    """Sets of photos to predict that belong to the data, which must not share photos with it."""


def create_readers() -> list[Reader]:
    """All registered readers, those of maskwise and those of other packages, by name."""
    return [entry.load() for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)]
