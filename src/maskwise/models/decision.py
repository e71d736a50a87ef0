"""From probabilities to a class: the rules that a recipe may choose."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from maskwise.tasks.label_space import LabelSpace

Rule = Literal["joint", "marginal"]
"""`joint`: the most probable joint class. `marginal`: the most probable value of each attribute."""


def marginals(probabilities: npt.NDArray[np.floating], space: LabelSpace) -> list[npt.NDArray[np.float64]]:
    """Probabilities (N, V) of each attribute's values, summed from joint probabilities (N, C)."""
    cube = probabilities.astype(np.float64).reshape(-1, *space.sizes)
    axes = range(1, len(space.sizes) + 1)
    return [cube.sum(axis=tuple(other for other in axes if other != axis)) for axis in axes]


def decide(probabilities: npt.NDArray[np.floating], space: LabelSpace, rule: Rule) -> npt.NDArray[np.int64]:
    """Joint classes (N,) of joint probabilities (N, C)."""
    if rule == "joint":
        return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)
    return space.encode(np.stack([m.argmax(axis=1) for m in marginals(probabilities, space)], axis=1))
