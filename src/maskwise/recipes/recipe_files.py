"""Recipes as YAML: found by name or path, changed by `--set`, refused with the nearest right name."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from maskwise.errors import InputError
from maskwise.files import write_text
from maskwise.recipes.schema import Recipe


def shipped_recipes() -> list[str]:
    """Names of the recipes that ship."""
    folder = resources.files("maskwise.recipes").joinpath("shipped")
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_recipe(name: str, settings: Sequence[str] = ()) -> Recipe:
    """Load a recipe by path or by the name of one that ships, with settings `a.b=c` applied.

    Raises:
        InputError: when it does not exist, is no YAML, or a key or value is wrong, with the nearest right name.
    """
    text, origin = _find(name)
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{origin}: expected YAML, got: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise InputError(f"{origin}: expected keys and values, got {type(content).__name__}.")
    # A new kind brings its own keys, so it is set before them, whatever the order on the command line.
    for setting in sorted(settings, key=lambda s: not s.partition("=")[0].strip().endswith(".kind")):
        apply_setting(content, setting)
    return parse_recipe(content, origin)


def parse_recipe(content: Mapping[str, Any], origin: str) -> Recipe:
    """Check a recipe's content.

    Raises:
        InputError: naming key, value and what was expected.
    """
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{origin}: {_explain(error.errors())}") from error


def save_recipe(path: Path, recipe: Recipe) -> None:
    """Write a recipe with every value and default."""
    content = recipe.model_dump(mode="json")
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    write_text(path, f"# Every value of this run, defaults and what was measured included.\n{text}")


def _find(name: str) -> tuple[str, str]:
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except FileNotFoundError as error:
            raise InputError(f"Expected the recipe {path} to exist, but it does not.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"Expected {path} to be a readable text file, got: {error}.") from error
    shipped = shipped_recipes()
    if name not in shipped:
        near = difflib.get_close_matches(name, shipped, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(
            f"Expected a recipe to be a .yaml file or one of {', '.join(shipped)}, got {name!r}{hint}"
        )
    file = resources.files("maskwise.recipes").joinpath("shipped", f"{name}.yaml")
    return file.read_text(encoding="utf-8"), f"recipe {name}"


def apply_setting(content: dict[str, Any], setting: str) -> None:
    """Apply `a.b=c` in place; the value is read as YAML.

    A step of a list is named by its `step` (`transform.steps.resize.height`) or its place.

    Raises:
        InputError: when the setting has no `=` or its path leads through a value.
    """
    path, sign, value = setting.partition("=")
    if not sign or not path.strip():
        raise InputError(f"Expected --set KEY=VALUE such as training.epochs=3, got {setting!r}.")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"Expected the value of --set {path} to be YAML, got {value!r}.") from error
    *parents, last = path.strip().split(".")
    place: Any = content
    for key in parents:
        place = _inside(place, key, path)
    if isinstance(place, list):
        place[_list_index(place, last, path)] = parsed
    elif isinstance(place, dict):
        if last == "kind" and place.get("kind") != parsed:
            kept = _fields_at(Recipe, [*parents, str(parsed)])  # what both kinds have stays as it was
            for key in [key for key in place if key not in kept]:
                del place[key]
        place[last] = parsed
    else:
        raise InputError(f"--set {path}: expected keys below {parents[-1]}, got {place!r}.")


def _inside(place: Any, key: str, path: str) -> Any:  # noqa: ANN401 - YAML is untyped until it is checked
    if isinstance(place, list):
        return place[_list_index(place, key, path)]
    if isinstance(place, dict):
        if place.get(key) is None:
            place[key] = {}
        return place[key]
    raise InputError(f"--set {path}: expected keys at {key}, got {place!r}.")


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
        f"--set {path}: expected one of {', '.join(named)} or a place below {len(items)}, got {key!r}{hint}"
    )


def _explain(details: Sequence[ErrorDetails]) -> str:
    detail = details[0]
    where = [str(part) for part in detail["loc"]]
    key = ".".join(where)
    if (
        len(details) > 1
        and details[1]["loc"][:-1] == detail["loc"][:-1]
        and details[1]["type"] == "literal_error"
    ):
        # A number or a word, such as `auto`: neither complaint alone tells what may be given.
        word = details[1].get("ctx", {}).get("expected")
        return f"expected {'.'.join(where[:-1])} to be a number or {word}, got {detail['input']!r}"
    if detail["type"] == "union_tag_invalid":
        tags = [tag.strip("'") for tag in detail["ctx"]["expected_tags"].split(", ")]
        near = difflib.get_close_matches(detail["ctx"]["tag"], tags, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        name = detail["ctx"]["discriminator"].strip("'")
        return f"expected {key}.{name} to be one of {', '.join(tags)}, got {detail['ctx']['tag']!r}{hint}"
    if detail["type"] == "union_tag_not_found":
        name = detail["ctx"]["discriminator"].strip("'")
        return f"expected {key} to say its {name}, got none: set {key}.{name} first, or give {key} as a whole"
    if detail["type"] == "extra_forbidden":
        known = sorted(_fields_at(Recipe, where[:-1]))
        near = difflib.get_close_matches(where[-1], known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"expected {'.'.join(where[:-1]) or 'a recipe'} to have keys {', '.join(known)}, got {where[-1]!r}{hint}"
    if detail["type"] == "missing":
        return f"expected {key} to be given, but it is missing."
    message = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    got = "" if isinstance(given, (dict, list)) else f", got {given!r}"
    allowed = detail.get("ctx", {}).get("expected")
    if isinstance(given, str) and isinstance(allowed, str):
        near = difflib.get_close_matches(
            given, [a.strip("'") for a in allowed.replace(" or ", ", ").split(", ")], n=1
        )
        got += f"; did you mean {near[0]}?" if near else ""
    return f"{key or 'recipe'}: {message[0].lower()}{message[1:]}{got}"


def _fields_at(model: type[BaseModel], where: Sequence[str]) -> set[str]:
    """The keys that are known at a place; tags of unions and places in lists are stepped over."""
    models = [model]
    for part in where:
        inner = [m for current in models for m in _models_in(current, part)]
        # A part that is no field is a place in a list or the tag of a union: the latter picks one model.
        models = inner or [m for m in models if part in _tags(m)] or models
    return {name for m in models for name in m.model_fields}


def _models_in(model: type[BaseModel], field: str) -> list[type[BaseModel]]:
    return list(_unfold(model.model_fields[field].annotation)) if field in model.model_fields else []


def _unfold(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - an annotation may be anything
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _unfold(argument)


def _tags(model: type[BaseModel]) -> set[str]:
    tags = (model.model_fields[name].default for name in ("kind", "step") if name in model.model_fields)
    return {str(tag) for tag in tags}
