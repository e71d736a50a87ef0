"""What is too rare to learn or to measure: photos and persons of each class, value and group."""

from typing import Any

import numpy as np

from maskwise.data.table import PhotoTable
from maskwise.evaluation.score_predictions import grouping_columns

_SHARE, _HELD_OUT = 0.7, 0.2


def balance(table: PhotoTable) -> list[dict[str, Any]]:
    """Counts, and how wide an interval will be when a fifth of the persons is held out.

    Further columns count with 2 to 12 values. The half width is that of a share of 0.7 among the held-out persons: a
    rule of thumb, no promise.
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
    rows = []
    for column, names, values in columns:
        for name in names:
            of_it = values == name
            n_persons = len(np.unique(persons[of_it]))
            half_width = 1.96 * np.sqrt(_SHARE * (1 - _SHARE) / max(1.0, n_persons * _HELD_OUT))
            rows.append(
                {
                    "of": column,
                    "name": name,
                    "n_photos": int(of_it.sum()),
                    "n_persons": n_persons,
                    "half_width": float(min(1.0, half_width)),
                }
            )
    return rows
