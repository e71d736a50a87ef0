"""The competition's task: its attributes and the boundaries of its score."""

from functools import cache
from importlib import resources

import yaml

from maskwise.tasks.label_space import LabelSpace


@cache
def competition_task() -> LabelSpace:
    """Mask, gender and age band: class = mask * 6 + gender * 3 + age band."""
    text = resources.files("maskwise.competition").joinpath("task.yaml").read_text(encoding="utf-8")
    return LabelSpace.from_dict(yaml.safe_load(text))
