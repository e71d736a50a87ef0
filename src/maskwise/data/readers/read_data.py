"""Open data whatever their layout: the one place that chooses a reader."""

from pathlib import Path

from maskwise.data.readers.registry import create_readers
from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.errors import InputError
from maskwise.tasks.label_space import LabelSpace
from maskwise.tasks.registry import load_task


def read_data(
    data: Path, space: LabelSpace | None = None, unread: list[UnreadLabel] | None = None
) -> PhotoTable:
    """Read labelled data, or an evaluation set without labels, from a folder or a table.

    Args:
        data: where they are.
        space: the declared labels; those of the competition by default.
        unread: receives the invalid labels, which become unknown; with None they are refused.

    Raises:
        InputError: when `data` is no known layout, or something in it is wrong.
    """
    space = space or load_task()
    if not data.exists():
        raise InputError(f"Expected {data} to be a folder or a table, but it does not exist.")
    readers = create_readers()
    for reader in readers:
        if reader.recognizes(data):
            return reader.read(data, space, unread)
    layouts = "; or ".join(reader.layout for reader in readers)
    raise InputError(f"{data}: expected {layouts}; got neither.")


def evaluation_sets(data: Path) -> list[Path]:
    """Sets of photos to predict that belong to labelled data, whatever the layout."""
    return [folder for reader in create_readers() for folder in reader.evaluation_sets(data)]
