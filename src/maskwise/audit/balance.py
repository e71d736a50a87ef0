"""What is too rare to learn or to measure: photos and persons of each class, value and group."""

from typing import Any

import numpy as np

from maskwise.data.table import PhotoTable

_MOST_OF_A_GROUP = 20
_SHARE, _HELD_OUT = 0.7, 0.2


def balance(table: PhotoTable) -> list[dict[str, Any]]:
    """Counts, and how wide an interval will be when a fifth of the persons is held out.

    The half width is that of a share of 0.7 among the held-out persons: a rule of thumb, no promise.
    """
    space = table.space
    labels = table.label_indices()
    columns = {"class": np.array([*space.class_names, ""])[space.encode(labels)]}
    named = {"class": list(space.class_names)}
    for place, attribute in enumerate(space.attributes):
        columns[attribute.label_column] = np.array([*attribute.values, ""])[labels[:, place]]
        named[attribute.label_column] = list(attribute.values)
    columns |= table.group_values()
    persons = table.persons
    rows = []
    for column, values in columns.items():
        for name in named.get(column) or sorted(set(values.tolist()) - {""})[:_MOST_OF_A_GROUP]:
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
