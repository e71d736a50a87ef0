"""Find the task of data: as named, in the file beside them, or by their layout."""

from pathlib import Path

from maskwise.data.readers.registry import create_readers
from maskwise.errors import InputError
from maskwise.tasks.registry import load_task, registered_tasks
from maskwise.tasks.task import Task
from maskwise.tasks.task_file import TASK_FILE, read_task_file


def find_task(data: Path, named: str | Path | None = None, recipe: str | None = None) -> Task:
    """The task of data, the first of: as named, `task.yaml` beside them, the recipe's, the one their layout implies.

    Args:
        data: a folder or a table.
        named: a task file, or the name of a registered task.
        recipe: what a recipe names.

    Raises:
        InputError: when there is none, or its file is broken.
    """
    if named is not None:
        return _named(str(named))
    beside = (data if data.is_dir() else data.parent) / TASK_FILE
    if beside.is_file():
        return read_task_file(beside)
    if recipe is not None:
        return _named(recipe)
    for reader in create_readers():
        if reader.recognizes(data):
            if reader.task is not None:
                return load_task(reader.task)
            if reader.read_raw is not None and (name := _by_columns(reader.read_raw(data).frame.columns)):
                return load_task(name)
            break
    raise InputError(
        f"Expected a task for {data}, got none: write one with maskwise data task {data} --out {beside}, "
        "or name one.",
        setting="task",
    )


def _named(name: str) -> Task:
    path = Path(name)
    if path.suffix.lower() in (".yaml", ".yml") or path.is_file():
        return read_task_file(path)
    if path.is_dir() and (path / TASK_FILE).is_file():
        return read_task_file(path / TASK_FILE)
    return load_task(name)


def _by_columns(columns: list[str]) -> str | None:
    """The registered task whose table this is: it has all of its attributes, or no column that is not the task's."""
    for name in registered_tasks():
        task = load_task(name)
        attributes = task.space.attributes
        known = {"photo", "id", "split", "source", *task.levels}
        known.update(column for a in attributes for column in (a.name, a.label_column))
        complete = all({a.name, a.label_column} & set(columns) for a in attributes)
        if "photo" in columns and (complete or known >= set(columns)):
            return name
    return None
