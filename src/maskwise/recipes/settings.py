"""Changing one value of a recipe by its dotted key, such as `training.epochs` or `transform.steps.resize.height`."""

import difflib
from collections.abc import Sequence
from typing import Any

import yaml

from maskwise.errors import InputError
from maskwise.recipes.recipe_values import Values
from maskwise.recipes.schema import Recipe
from maskwise.recipes.schema_fields import fields_at

RecipeContent = dict[str, Any]
"""A recipe as YAML holds it, before it is checked."""


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Values by dotted key from settings such as `training.epochs=3`; each value is read as YAML.

    Raises:
        InputError: when a setting has no `=` or its value is no YAML.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        path, sign, text = setting.partition("=")
        if not sign or not path.strip():
            raise InputError(f"Expected a setting KEY=VALUE such as training.epochs=3, got {setting!r}.")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"Expected the value of {path.strip()} to be YAML, got {text!r}.") from error
        values.pop(path.strip(), None)  # the last one counts, in its place
        values[path.strip()] = value
    return values


def set_values(content: RecipeContent, values: Values) -> None:
    """Set values by dotted key in place.

    Kinds come first, whatever the order: a new kind replaces the keys of the old one, which others may then set.

    Raises:
        InputError: see `set_value`.
    """
    for path in sorted(values, key=lambda path: not path.endswith(".kind")):
        set_value(content, path, values[path])


def set_value(content: RecipeContent, path: str, value: Any) -> None:  # noqa: ANN401 - whatever YAML holds
    """Set one value in place.

    Args:
        content: a recipe's content.
        path: keys joined by dots; an item of a list goes by its `step` or its index.
        value: what YAML can hold.

    Raises:
        InputError: when the path leads through something that has no keys.
    """
    *parents, last = path.split(".")
    place: Any = content
    for key in parents:
        place = _inside(place, key, path)
    if isinstance(place, list):
        place[_list_index(place, last, path)] = value
    elif isinstance(place, dict):
        if last == "kind" and place.get("kind") != value:
            kept = fields_at(Recipe, [*parents, str(value)])  # values that both kinds have stay as they were
            for key in [key for key in place if key not in kept]:
                del place[key]
        place[last] = value
    else:
        raise InputError(f"{path}: expected keys below {parents[-1]}, got {place!r}.")


def _inside(place: Any, key: str, path: str) -> Any:  # noqa: ANN401 - YAML is untyped until it is checked
    if isinstance(place, list):
        return place[_list_index(place, key, path)]
    if isinstance(place, dict):
        if place.get(key) is None:
            place[key] = {}
        return place[key]
    raise InputError(f"{path}: expected keys at {key}, got {place!r}.")


def _list_index(items: list[Any], key: str, path: str) -> int:
    names = [item.get("step") if isinstance(item, dict) else None for item in items]
    if key in names:
        return names.index(key)
    if key.isdigit() and int(key) < len(items):
        return int(key)
    named = [str(name) for name in names if name]
    near = difflib.get_close_matches(key, named, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise InputError(
        f"{path}: expected one of {', '.join(named)} or an index below {len(items)}, got {key!r}{hint}"
    )
