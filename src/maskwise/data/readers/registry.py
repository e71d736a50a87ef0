"""Readers of labelled data: those of this package, and others' under the entry point group `maskwise.readers`."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from maskwise.data.readers.raw_table import RawTable
from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.tasks.task import Task

GROUP = "maskwise.readers"

_BUILT_IN = ("table", "coco", "webdataset", "hub_folder", "class_folders")
"""Modules of this package in the order they are asked, the least particular layout last."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One layout of labelled data: how to recognise it, and how to read it."""

    name: str
    layout: str
    """What the layout looks like, for messages."""
    recognizes: Callable[[Path], bool]
    read: Callable[[Path, Task, list[UnreadLabel] | None], PhotoTable]
    read_raw: Callable[[Path], RawTable] | None = None
    """The data as they are, to propose a task for; None where the layout has a task of its own."""
    evaluation_sets: Callable[[Path], list[Path]] = lambda data: []
    """Sets of photos to predict that belong to the data, which must not share photos with it."""
    task: str | None = None
    """The registered task that the layout implies."""


def create_readers() -> list[Reader]:
    """All readers: registered ones by name, which know their layout best, then those of this package."""
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    registered: list[Reader] = [entry.load() for entry in entries if entry.name not in _BUILT_IN]
    return [*registered, *(import_module(f"maskwise.data.readers.{name}").reader for name in _BUILT_IN)]
