"""What a training was asked to do."""

from dataclasses import dataclass, replace
from pathlib import Path

from maskwise.recipes.schema import Recipe
from maskwise.reporter import Reporter
from maskwise.runs.run_folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """A recipe, the data to train on, the run's folder, and the reporter of its progress."""

    recipe: Recipe
    data: Path
    folder: RunFolder
    resume: bool
    photos_in_report: bool
    reporter: Reporter

    def with_recipe(self, recipe: Recipe) -> "TrainingJob":
        """The same job with another recipe, such as the one resolved or resumed."""
        return replace(self, recipe=recipe)
