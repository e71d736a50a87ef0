"""What differs between recipes: their values by dotted key, and the variables behind them."""

from collections.abc import Mapping, Sequence
from typing import Any

# What a machine chose or a repetition changes, and no experimenter: not part of what a recipe says.
INCIDENTAL = (
    "name",
    "description",
    "seed",
    "split.seed",
    "split.folds",  # a run of folds says so by its members
    "split.fold",
    "training.threads",
    "training.workers",
    "training.precision",
    "training.batch_size",  # what a step sees is the effective batch
    "data.cache",
    "data.groups",
)


def differing_values(flats: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The values in which recipes differ, each one's in order; `(none)` where one has no such key."""
    keys = dict.fromkeys(key for flat in flats for key in flat)
    differing = {}
    for key in keys:
        values = [flat.get(key, "(none)") for flat in flats]
        if key not in INCIDENTAL and any(value != values[0] for value in values[1:]):
            differing[key] = values
    return differing


def distinct_variables(differing: dict[str, list[Any]]) -> list[str]:
    """The variables behind differing keys: all keys below one whose kind differs are one variable."""
    kinds = {key.rpartition(".")[0] for key in differing if key.rpartition(".")[2] in ("kind", "step")}
    absent = {key.rpartition(".")[0] for key, values in differing.items() if "(none)" in values}
    whole = sorted(kinds | absent, key=len)
    variables: dict[str, None] = {}
    for key in differing:
        parent = next((place for place in whole if place and key.startswith(f"{place}.")), None)
        variables[parent or key] = None
    return [v for v in variables if not any(v.startswith(f"{other}.") for other in variables)]


def differing_variables(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What each of two recipes says of the variables in which they differ, in words."""
    differing = differing_values([first, second])
    told: dict[str, tuple[str, str]] = {}
    for variable in distinct_variables(differing):
        pair = (in_words(variable, first), in_words(variable, second))
        told[variable] = pair
    return told


def in_words(variable: str, values: Mapping[str, Any]) -> str:
    """What a recipe's values by dotted key say of a variable."""
    below = {
        key[len(variable) + 1 :]: value for key, value in values.items() if key.startswith(f"{variable}.")
    }
    below.pop("step", None)
    if below:
        return ", ".join(f"{key} {value}" for key, value in below.items())
    return str(values.get(variable, "not there"))
