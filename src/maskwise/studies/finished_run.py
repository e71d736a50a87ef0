"""A finished run as others compare it: recipe, predictions and where they come from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from maskwise.errors import InputError, in_short
from maskwise.files import check_folder, read_json
from maskwise.models.decision import Rule
from maskwise.models.member import load_card
from maskwise.recipes.recipe_files import parse_recipe
from maskwise.recipes.recipe_values import recipe_values
from maskwise.recipes.schema import Recipe
from maskwise.runs.predictions import probability_columns
from maskwise.tasks.label_space import LabelSpace


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
        values: dict[str, Any] = dict(recipe_values(self.recipe))
        if "ensemble" in self.lineage:
            parents = sorted(str(parent.get("weights")) for parent in self.lineage.get("parents", []))
            values["members"] = f"{self.lineage['ensemble']} of {len(parents)}: {', '.join(parents)}"
        elif "folds" in self.lineage:
            values["members"] = (
                "a refit on everybody" if self.lineage.get("refit") else f"{self.lineage['folds']} folds"
            )
        return values


def read_run(folder: Path, evaluation: str | None = None) -> FinishedRun:
    """Read a run, with its held-out predictions or those of a named evaluation.

    Raises:
        InputError: when the folder is no finished run, or something in it is missing or broken.
    """
    check_folder(folder, "a run folder")
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
        raise InputError(f"Expected {path} to hold predictions, got: {in_short(error)}.") from error
    if missing := [name for name in wanted if name not in frame.columns]:
        raise InputError(
            f"Expected {path} to have columns {', '.join(wanted[:3])}, p_00, ..., missing {missing[0]}."
        )
    return frame.select(wanted)
