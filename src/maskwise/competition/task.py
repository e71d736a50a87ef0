"""The competition's task: its attributes and the boundaries of its score."""

from functools import cache
from importlib import resources

from maskwise.tasks.task import Task
from maskwise.tasks.task_file import parse_task


@cache
def competition_task() -> Task:
    """Mask, gender and age band: class = mask * 6 + gender * 3 + age band."""
    text = resources.files("maskwise.competition").joinpath("task.yaml").read_text(encoding="utf-8")
    return parse_task(text, "maskwise.competition/task.yaml")
