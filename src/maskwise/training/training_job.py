"""What a training was asked to do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from maskwise.data.scan import ProgressOf
from maskwise.recipes.schema import Recipe
from maskwise.runs.run_folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """A recipe, the data to train on, the run's folder, and where progress is shown."""

    recipe: Recipe
    data: Path
    folder: RunFolder
    resume: bool
    photos_in_report: bool
    console: Console
    progress: ProgressOf

    @property
    def say(self) -> Callable[[str], None]:
        """Prints one line."""
        return lambda line: self.console.print(line, soft_wrap=True, markup=False)

    def with_recipe(self, recipe: Recipe) -> "TrainingJob":
        """The same job with another recipe, such as the one resolved or resumed."""
        return replace(self, recipe=recipe)
