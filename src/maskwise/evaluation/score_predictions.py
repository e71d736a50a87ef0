"""`metrics.json`: every number with its interval, from predictions, labels and persons."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.metrics.bootstrap import interval
from maskwise.metrics.classification import Floats, accuracy, class_f1, macro_f1, stacked_by_person
from maskwise.metrics.group_gaps import largest_gaps, was_measured
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

SCHEMA = 1
FEW_PERSONS = 100
"""With fewer persons than this, simulated 95% intervals of macro F1 held the truth less than 95 times in 100."""

FEWEST_PERSONS = 20
"""Groups with fewer persons are counted and not scored: their intervals would say nothing."""

MOST_GROUPS = 12
"""A column with more values than this does not group; it is an identifier or a number."""

Indices = npt.NDArray[np.int64]


def score(
    labels: Indices,
    predictions: Indices,
    persons: npt.NDArray[np.str_],
    space: LabelSpace,
    *,
    groups: Mapping[str, npt.NDArray[np.str_]],
    draws: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Scores with 95% intervals by bootstrap over persons.

    Args:
        labels: attribute indices (N, A), -1 where unknown; the joint scores need photos with all known.
        predictions: joint classes (N,).
        persons: whose photo each is (N,).
        space: the label space, with the score's boundaries.
        groups: further columns (N,) by name; an empty string is unknown.
        draws: resamples of persons.
        seed: of the resampling.

    Returns:
        The part of `metrics.json` that depends on predictions: `macro_f1`, `accuracy`, an entry an attribute,
        `per_class`, `groups`, `gaps` (the largest between groups), `n_photos`, `n_persons`, `few_persons` (so few
        that intervals are too narrow). A
        score without photos is null.
    """
    _, person_index = np.unique(persons, return_inverse=True)
    classes = space.encode(labels)
    known = classes != UNKNOWN
    stacked = stacked_by_person(classes[known], predictions[known], person_index[known], space.n_classes)
    metrics: dict[str, Any] = {
        "macro_f1": _scalar(macro_f1, stacked, draws, seed),
        "accuracy": _scalar(accuracy, stacked, draws, seed),
    }
    values = space.decode(predictions)
    for place, attribute in enumerate(space.attributes):
        own = labels[:, place] != UNKNOWN
        table = stacked_by_person(
            labels[own, place], values[own, place], person_index[own], len(attribute.values)
        )
        metrics[attribute.name] = {
            "macro_f1": _scalar(macro_f1, table, draws, seed),
            "accuracy": _scalar(accuracy, table, draws, seed),
            "per_value": _per_class(table, attribute.values, draws, seed),
            "confusion": _confusion(labels[own, place], values[own, place], len(attribute.values)),
        }
    metrics["per_class"] = _per_class(stacked, space.class_names, draws, seed)
    metrics["confusion"] = _confusion(classes[known], predictions[known], space.n_classes)
    named = _all_groups(labels, groups, space)
    metrics["groups"] = {
        column: _by_group(labels, predictions, person_index, column, names, space, draws, seed)
        for column, names in named.items()
    }
    scored = {
        column: [name for name, entry in entries.items() if was_measured(entry)]
        for column, entries in metrics["groups"].items()
    }
    metrics["gaps"] = largest_gaps(
        labels, predictions, person_index, scored, named, space, fewest=FEWEST_PERSONS, draws=draws, seed=seed
    )
    metrics["n_photos"] = int(known.sum())
    metrics["n_persons"] = len(np.unique(person_index[known]))
    metrics["few_persons"] = metrics["n_persons"] < FEW_PERSONS
    return metrics


def _scalar(statistic: Any, stacked: Floats, draws: int, seed: int) -> dict[str, Any] | None:  # noqa: ANN401
    if not len(stacked):
        return None
    value, low, high = interval(statistic, stacked, draws=draws, seed=seed)
    return _rounded(value, low, high)


def _rounded(value: Any, low: Any, high: Any) -> dict[str, Any]:  # noqa: ANN401 - numpy scalars
    return {"value": round(float(value), 6), "ci95": [round(float(low), 6), round(float(high), 6)]}


def _per_class(stacked: Floats, names: tuple[str, ...], draws: int, seed: int) -> list[dict[str, Any]]:
    n = len(names)
    labelled = stacked[:, n : 2 * n]
    rows: list[dict[str, Any]] = []
    if len(stacked):
        value, low, high = interval(class_f1, stacked, draws=draws, seed=seed)
    for place, name in enumerate(names):
        rows.append(
            {
                "name": name,
                "f1": _rounded(value[place], low[place], high[place]) if len(stacked) else None,
                "n_photos": int(labelled[:, place].sum()),
                "n_persons": int((labelled[:, place] > 0).sum()),
            }
        )
    return rows


def _confusion(labels: Indices, predictions: Indices, n_classes: int) -> list[list[int]]:
    flat = np.bincount(labels * n_classes + predictions, minlength=n_classes * n_classes)
    table: list[list[int]] = flat.reshape(n_classes, n_classes).tolist()
    return table


def _all_groups(
    labels: Indices, groups: Mapping[str, npt.NDArray[np.str_]], space: LabelSpace
) -> dict[str, npt.NDArray[np.str_]]:
    """The attributes themselves, then the further columns."""
    own: dict[str, npt.NDArray[np.str_]] = {}
    for place, attribute in enumerate(space.attributes):
        names = np.array([*attribute.values, ""])
        own[attribute.label_column] = names[labels[:, place]]
    return own | {name: values for name, values in groups.items() if name not in own}


def _by_group(
    labels: Indices,
    predictions: Indices,
    person_index: Indices,
    column: str,
    names: npt.NDArray[np.str_],
    space: LabelSpace,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    values = space.decode(predictions)
    result: dict[str, Any] = {}
    # What nobody has is a group too: of no persons, and unmeasured.
    declared = next((a.values for a in space.attributes if a.label_column == column), None)
    for name in declared or sorted(set(names.tolist()) - {""}):
        inside = names == name
        n_persons = len(np.unique(person_index[inside]))
        entry: dict[str, Any] = {"n_photos": int(inside.sum()), "n_persons": n_persons}
        if n_persons >= FEWEST_PERSONS:
            classes = space.encode(labels[inside])
            known = classes != UNKNOWN
            entry["accuracy"] = _scalar(
                accuracy,
                stacked_by_person(
                    classes[known], predictions[inside][known], person_index[inside][known], space.n_classes
                ),
                draws,
                seed,
            )
            for place, attribute in enumerate(space.attributes):
                own = labels[inside][:, place] != UNKNOWN
                entry[attribute.name] = _scalar(
                    accuracy,
                    stacked_by_person(
                        labels[inside][own, place],
                        values[inside][own, place],
                        person_index[inside][own],
                        len(attribute.values),
                    ),
                    draws,
                    seed,
                )
        result[name] = entry
    return result


def grouping_columns(
    columns: Mapping[str, npt.NDArray[np.str_]], wanted: tuple[str, ...] | None
) -> dict[str, npt.NDArray[np.str_]]:
    """The columns to group by: those wanted, or all with 2 to 12 values."""
    if wanted is not None:
        if missing := [name for name in wanted if name not in columns]:
            raise InputError(
                f"Expected groups to name further columns of the data ({', '.join(columns) or 'none'}), "
                f"got {missing[0]!r}."
            )
        return {name: columns[name] for name in wanted}
    return {
        name: values
        for name, values in columns.items()
        if 2 <= len(set(values.tolist()) - {""}) <= MOST_GROUPS
    }
