"""Tasks by name: each is registered under the entry point group `maskwise.tasks`, by maskwise or another package."""

from importlib.metadata import EntryPoint, entry_points

from maskwise.errors import InputError
from maskwise.tasks.nearest import nearest
from maskwise.tasks.task import Task

GROUP = "maskwise.tasks"
DEFAULT_TASK = "competition"


def load_task(name: str = DEFAULT_TASK) -> Task:
    """A registered task.

    Raises:
        InputError: when no task of this name is registered.
    """
    found = _registered()
    if name not in found:
        raise InputError(
            f"Expected a task to be one of {', '.join(sorted(found))}, got {name!r}{nearest(name, found)}."
        )
    task: Task = found[name].load()()
    return task


def registered_tasks() -> list[str]:
    """The names of all registered tasks."""
    return sorted(_registered())


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
