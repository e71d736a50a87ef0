"""Open data whatever their layout: the one place that chooses a reader."""

from pathlib import Path

from maskwise.data.readers.find_task import find_task
from maskwise.data.readers.raw_table import RawTable
from maskwise.data.readers.registry import Reader, create_readers
from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.errors import InputError
from maskwise.tasks.label_space import LabelSpace
from maskwise.tasks.task import Task, task_of_space


def read_data(
    data: Path,
    space: LabelSpace | None = None,
    unread: list[UnreadLabel] | None = None,
    *,
    task: Task | None = None,
) -> PhotoTable:
    """Read labelled data, or an evaluation set without labels, from a folder or a table.

    Args:
        data: where they are.
        space: the labels of a run that does not say its task.
        unread: receives the labels that can't be meant, which become unknown; with None they are refused.
        task: what is declared about them; found beside the data, or by their layout, where it is not given.

    Raises:
        InputError: when `data` is no known layout, no task is found, or something in the data is wrong.
    """
    reader = choose_reader(data)
    if task is None:
        task = find_task(data) if space is None else task_of_space(space)
    return reader.read(data, task, unread)


def read_raw(data: Path) -> RawTable:
    """Data as they are, without a task.

    Raises:
        InputError: when `data` is no known layout, or has a task of its own.
    """
    reader = choose_reader(data)
    if reader.read_raw is None:
        raise InputError(f"{data} has the layout of the task {reader.task}: no other is proposed.")
    return reader.read_raw(data)


def choose_reader(data: Path) -> Reader:
    """The reader that recognizes the data.

    Raises:
        InputError: when there is nothing, or `data` is no known layout.
    """
    if not data.exists():
        raise InputError(f"Expected {data} to be a folder or a table, but it does not exist.")
    readers = create_readers()
    for reader in readers:
        if reader.recognizes(data):
            return reader
    layouts = "; or ".join(reader.layout for reader in readers)
    raise InputError(f"{data}: expected {layouts}; got neither.")


def evaluation_sets(data: Path) -> list[Path]:
    """Sets of photos to predict that belong to labelled data, whatever the layout."""
    return [folder for reader in create_readers() for folder in reader.evaluation_sets(data)]
