"""Recipes as YAML: found by name or path, changed by settings, checked and saved."""

import difflib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import yaml
from pydantic import ValidationError

from maskwise.errors import InputError
from maskwise.files import write_text
from maskwise.recipes.recipe_values import Values
from maskwise.recipes.schema import Recipe
from maskwise.recipes.settings import parse_settings, set_values
from maskwise.recipes.validation_messages import explain


def shipped_recipes() -> list[str]:
    """Names of the recipes that are part of the package."""
    folder = resources.files("maskwise.recipes").joinpath("shipped")
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_recipe(name: str, settings: Sequence[str] = (), values: Values | None = None) -> Recipe:
    """Load a recipe by path or by the name of a shipped one, and change some of its values.

    Args:
        name: a YAML file, or the name of a shipped recipe.
        settings: changes as text, such as `training.epochs=3`, their values read as YAML.
        values: changes as values by dotted key.

    Raises:
        InputError: when it does not exist, is no YAML, or a key or value is wrong, with the closest valid name.
    """
    text, origin = _find(name)
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(f"{origin}: expected YAML, got: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise InputError(f"{origin}: expected keys and values, got {type(content).__name__}.")
    set_values(content, {**parse_settings(settings), **(values or {})})
    return parse_recipe(content, origin)


def parse_recipe(content: Values, origin: str) -> Recipe:
    """Check a recipe's content.

    Raises:
        InputError: naming key, value and what was expected.
    """
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{origin}: {explain(error.errors())}") from error


def save_recipe(path: Path, recipe: Recipe) -> None:
    """Write a recipe with all values, defaults included."""
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
