"""A finished run as others compare it: recipe, predictions and where they come from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from maskwise.errors import InputError
from maskwise.files import read_json
from maskwise.inference.rows import probability_columns
from maskwise.labels.space import LabelSpace
from maskwise.models.decision import Rule
from maskwise.models.member import load_card
from maskwise.training.recipe import Recipe
from maskwise.training.recipe_files import parse_recipe

# What a machine chose or a repetition changes, and no experimenter: not part of what a recipe says.
INCIDENTAL = (
    "name",
    "description",
    "seed",
    "split.seed",
    "training.threads",
    "training.workers",
    "training.precision",
    "training.batch_size",  # what a step sees is the effective batch
    "data.cache",
    "data.groups",
)


@dataclass(frozen=True)
class FinishedRun:
    """A run, read from its folder."""

    folder: Path
    recipe: Recipe
    metrics: dict[str, Any]
    lineage: dict[str, Any]
    space: LabelSpace
    predictions: pl.DataFrame  # photo, person, label, p_00 ...

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def decision(self) -> Rule:
        """How classes are decided from probabilities."""
        return self.recipe.decision

    @property
    def values(self) -> dict[str, Any]:
        """The recipe's values by dotted key."""
        return flatten(self.recipe.model_dump(mode="json"))


def read_run(folder: Path, evaluation: str | None = None) -> FinishedRun:
    """Read a run, with its held-out predictions or those of a named evaluation.

    Raises:
        InputError: when the folder is no finished run, or something in it is missing or broken.
    """
    if not folder.is_dir():
        raise InputError(f"Expected {folder} to be a run folder, but it does not exist.")
    lineage = read_json(folder / "lineage.json")
    if not lineage.get("finished"):
        raise InputError(
            f"Expected {folder} to be a finished run, but it is not: train it with --resume first."
        )
    path = folder / "recipe.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"Expected {path} to be a recipe, got: {' '.join(str(error).split())}.") from error
    recipe = parse_recipe(content, str(path))
    place = folder / "evaluations" / evaluation if evaluation else folder
    metrics = read_json(place / "metrics.json")
    space = load_card(folder / "members" / "00").space
    return FinishedRun(folder, recipe, metrics, lineage, space, _predictions(place, space))


def _predictions(place: Path, space: LabelSpace) -> pl.DataFrame:
    path = place / "predictions.parquet"
    wanted = ["photo", "person", "label", *probability_columns(space)]
    try:
        frame = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"Expected {path} to hold predictions, got: {' '.join(str(error).split())[:120]}."
        ) from error
    if missing := [name for name in wanted if name not in frame.columns]:
        raise InputError(
            f"Expected {path} to have columns {', '.join(wanted[:3])}, p_00, ..., missing {missing[0]}."
        )
    return frame.select(wanted)


def flatten(content: Any, prefix: str = "") -> dict[str, Any]:  # noqa: ANN401 - what YAML holds
    """Nested mappings and lists as dotted keys; a step of a list goes by its name."""
    if isinstance(content, dict) and content:
        pairs = [(str(key), value) for key, value in content.items()]
    elif isinstance(content, list) and content and all(isinstance(item, dict) for item in content):
        pairs = [(str(item.get("step", place)), item) for place, item in enumerate(content)]
    else:
        return {prefix: content}
    flat: dict[str, Any] = {}
    for key, value in pairs:
        flat |= flatten(value, f"{prefix}.{key}" if prefix else key)
    return flat


def differing_values(runs: list[FinishedRun]) -> dict[str, list[Any]]:
    """The recipe values in which runs differ, each run's in order; `(none)` where one has no such key."""
    flats = [run.values for run in runs]
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


def differing_variables(first: FinishedRun, second: FinishedRun) -> dict[str, tuple[str, str]]:
    """What each of two runs says of the variables in which they differ, in words."""
    differing = differing_values([first, second])
    told: dict[str, tuple[str, str]] = {}
    for variable in distinct_variables(differing):
        pair = (in_words(variable, first.values), in_words(variable, second.values))
        told[variable] = pair
    return told


def in_words(variable: str, values: dict[str, Any]) -> str:
    """What a recipe's values by dotted key say of a variable."""
    below = {
        key[len(variable) + 1 :]: value for key, value in values.items() if key.startswith(f"{variable}.")
    }
    below.pop("step", None)
    if below:
        return ", ".join(f"{key} {value}" for key, value in below.items())
    return str(values.get(variable, "not there"))
