"""Tasks by name: each is registered under the entry point group `maskwise.tasks`, by maskwise or another package."""

from importlib.metadata import EntryPoint, entry_points

from maskwise.errors import InputError
from maskwise.tasks.label_space import LabelSpace

GROUP = "maskwise.tasks"
DEFAULT_TASK = "competition"


def load_task(name: str = DEFAULT_TASK) -> LabelSpace:
    """The declared labels of a registered task.

    Raises:
        InputError: when no task of this name is registered.
    """
    found = _registered()
    if name not in found:
        raise InputError(f"Expected a task to be one of {', '.join(sorted(found))}, got {name!r}.")
    space: LabelSpace = found[name].load()()
    return space


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}
