"""Class balance: photos and persons of each class, attribute value and group, to see what is too rare."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from maskwise.data.table import PhotoTable
from maskwise.evaluation.score_predictions import grouping_columns

_ASSUMED_SCORE, _HELD_OUT_SHARE, _LEVEL = 0.7, 0.2, 0.95


@dataclass(frozen=True)
class ClassCount:
    """How much data there is of one class, attribute value or group."""

    column: str  # `class`, an attribute's column, or a column that groups the data
    name: str
    n_photos: int
    n_persons: int
    half_width: float  # of the 95% interval of a score of 0.7, when a fifth of the persons is held out


def class_balance(table: PhotoTable) -> list[ClassCount]:
    """Count photos and persons of each class, attribute value and group.

    Additional columns are counted when they have 2 to 12 values. The half width is that of a proportion by the normal
    approximation, with as many draws as there are held-out persons: a rule of thumb.
    """
    space = table.space
    labels = table.label_indices()
    columns = [("class", space.class_names, np.array([*space.class_names, ""])[space.encode(labels)])]
    for place, attribute in enumerate(space.attributes):
        own = np.array([*attribute.values, ""])[labels[:, place]]
        columns.append((attribute.label_column, attribute.values, own))
    for name, values in grouping_columns(table.group_values(), None).items():
        columns.append((name, tuple(sorted(set(values.tolist()) - {""})), values))
    persons = table.persons
    z = float(norm.ppf((1 + _LEVEL) / 2))
    counts = []
    for column, names, values in columns:
        for name in names:
            inside = values == name
            n_persons = len(np.unique(persons[inside]))
            n_held_out = max(1.0, n_persons * _HELD_OUT_SHARE)
            half_width = z * np.sqrt(_ASSUMED_SCORE * (1 - _ASSUMED_SCORE) / n_held_out)
            counts.append(ClassCount(column, name, int(inside.sum()), n_persons, float(min(1.0, half_width))))
    return counts
