"""What differs between recipes: their values by dotted key, and the variables behind them."""

from collections.abc import Mapping, Sequence

from maskwise.recipes.schema import Recipe

Values = Mapping[str, object]
"""A recipe's values by dotted key, such as `optimizer.lr`."""

# What a machine chose or a repetition changes, not an experimenter: it does not make two recipes different.
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


def flatten(content: object, prefix: str = "") -> dict[str, object]:
    """Nested mappings and lists as dotted keys; a step of a list is named by its `step`."""
    if isinstance(content, dict) and content:
        pairs = [(str(key), value) for key, value in content.items()]
    elif isinstance(content, list) and content and all(isinstance(item, dict) for item in content):
        pairs = [(str(item.get("step", place)), item) for place, item in enumerate(content)]
    else:
        return {prefix: content}
    flat: dict[str, object] = {}
    for key, value in pairs:
        flat |= flatten(value, f"{prefix}.{key}" if prefix else key)
    return flat


def recipe_values(recipe: Recipe) -> Values:
    """A recipe's values by dotted key."""
    content = recipe.model_dump(mode="json")
    if content["training"]["effective_batch"] is None:
        content["training"]["effective_batch"] = content["training"]["batch_size"]
    return flatten(content)


def differing_values(flats: Sequence[Values]) -> dict[str, list[object]]:
    """The values in which recipes differ, each one's in order; `(none)` where one has no such key."""
    keys = dict.fromkeys(key for flat in flats for key in flat)
    differing = {}
    for key in keys:
        values = [flat.get(key, "(none)") for flat in flats]
        if key not in INCIDENTAL and any(value != values[0] for value in values[1:]):
            differing[key] = values
    return differing


def distinct_variables(differing: Mapping[str, list[object]]) -> list[str]:
    """The variables behind differing keys: all keys below one whose kind differs are one variable."""
    kinds = {key.rpartition(".")[0] for key in differing if key.rpartition(".")[2] in ("kind", "step")}
    absent = {key.rpartition(".")[0] for key, values in differing.items() if "(none)" in values}
    whole = sorted(kinds | absent, key=len)
    variables: dict[str, None] = {}
    for key in differing:
        parent = next((place for place in whole if place and key.startswith(f"{place}.")), None)
        variables[parent or key] = None
    return [v for v in variables if not any(v.startswith(f"{other}.") for other in variables)]


def differing_variables(first: Values, second: Values) -> dict[str, tuple[str, str]]:
    """The variables in which two recipes differ, and the value of each recipe, in words."""
    differing = differing_values([first, second])
    return {
        variable: (in_words(variable, first), in_words(variable, second))
        for variable in distinct_variables(differing)
    }


def in_words(variable: str, values: Values) -> str:
    """A variable's value in words."""
    below = {
        key[len(variable) + 1 :]: value for key, value in values.items() if key.startswith(f"{variable}.")
    }
    below.pop("step", None)
    if below:
        return ", ".join(f"{key} {value}" for key, value in below.items())
    return str(values.get(variable, "not there"))
