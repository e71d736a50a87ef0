"""A run, opened once and passed on as one object.

Importing this module is cheap. What needs torch (recipes and cards describe models) is imported at its first use, so
that commands can check a run before they load it.
"""

import hashlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from maskwise.errors import InputError
from maskwise.files import check_folder
from maskwise.models.tuned_decision import TunedDecision
from maskwise.runs.decision_file import read_decision
from maskwise.runs.digests import check_digest
from maskwise.runs.lineage import Lineage
from maskwise.runs.metrics import Metrics
from maskwise.runs.predictions import read_predictions
from maskwise.runs.run_folder import RunFolder
from maskwise.runs.split_file import TRAIN, read_split
from maskwise.tasks.label_space import LabelSpace

if TYPE_CHECKING:
    from maskwise.models.ensemble import EnsembleSpec
    from maskwise.models.member import MemberCard
    from maskwise.recipes.recipe_values import Values
    from maskwise.recipes.schema import Recipe


class Run:
    """A run's folder and what is in it; each part is read from disk at its first use and kept.

    Args:
        path: the run's folder.
        evaluation: read metrics and predictions of this evaluation instead of the run's own.
    """

    def __init__(self, path: Path, evaluation: str | None = None) -> None:
        self.folder = RunFolder(path)
        self.evaluation = evaluation
        self._results = self.folder if evaluation is None else self.folder.evaluation(evaluation)

    @property
    def path(self) -> Path:
        """The folder, as it was given."""
        return self.folder.path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @cached_property
    def recipe(self) -> "Recipe":
        """Every value that it was trained with."""
        from maskwise.recipes.recipe_files import load_recipe

        recipe = load_recipe(str(self.folder.recipe))
        self.check_file(self.folder.recipe)
        return recipe

    @cached_property
    def lineage(self) -> Lineage:
        """What it came from."""
        return Lineage.read(self.folder.lineage)

    @cached_property
    def metrics(self) -> Metrics:
        """Its scores."""
        metrics = Metrics.read(self._results.metrics)
        self.check_file(self._results.metrics)
        return metrics

    @property
    def has_metrics(self) -> bool:
        """Whether there is a file of scores."""
        return self._results.metrics.is_file()

    @cached_property
    def predictions(self) -> pl.DataFrame:
        """The scored photos: `photo`, `person`, `label` and a probability for each class."""
        frame = read_predictions(self._results.predictions, self.space)
        self.check_file(self._results.predictions)
        return frame

    @property
    def has_predictions(self) -> bool:
        """Whether anything was scored; a run that holds nobody out has no predictions."""
        return self._results.predictions.is_file()

    @cached_property
    def values(self) -> "Values":
        """The recipe's values by dotted key, and how its members came about where there are several."""
        from maskwise.recipes.recipe_values import recipe_values

        values, lineage = dict(recipe_values(self.recipe)), self.lineage
        if lineage.ensemble is not None:
            parents = sorted(str(parent.weights) for parent in lineage.parents)
            values["members"] = f"{lineage.ensemble} of {len(parents)}: {', '.join(parents)}"
        elif lineage.folds is not None:
            values["members"] = "a refit on everybody" if lineage.refit else f"{lineage.folds} folds"
        return values

    @cached_property
    def split(self) -> pl.DataFrame:
        """Which photos were trained on and which were held out."""
        frame = read_split(self.folder.split)
        self.check_file(self.folder.split)
        return frame

    @cached_property
    def trained_on(self) -> pl.DataFrame:
        """The rows of the split that were trained on."""
        return self.split.filter(pl.col("side") == TRAIN)

    @cached_property
    def member_folders(self) -> tuple[Path, ...]:
        """The folders of its members, at least one."""
        return tuple(self.folder.member_folders())

    @cached_property
    def card(self) -> "MemberCard":
        """The description of its first member; all members have the same classes."""
        from maskwise.models.member import load_card

        card = load_card(self.member_folders[0])
        self.check_member(self.member_folders[0])
        return card

    @cached_property
    def cards(self) -> "tuple[MemberCard, ...]":
        """The descriptions of all members."""
        from maskwise.models.member import load_card

        others = [load_card(folder) for folder in self.member_folders[1:]]
        for folder in self.member_folders[1:]:
            self.check_member(folder)
        return (self.card, *others)

    @cached_property
    def space(self) -> LabelSpace:
        """The label space of its predictions."""
        return self.card.space

    @cached_property
    def weights(self) -> str:
        """A digest of its members' files."""
        digest = hashlib.blake2b(digest_size=16)
        for path in sorted(self.folder.members.rglob("model.*")):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @cached_property
    def ensemble(self) -> "EnsembleSpec":
        """How its members are combined."""
        from maskwise.runs.ensemble_file import read_ensemble_spec

        spec = read_ensemble_spec(self.folder.ensemble, len(self.member_folders))
        self.check_file(self.folder.ensemble)
        return spec

    @property
    def has_decision(self) -> bool:
        """Whether a decision was fitted on its out-of-fold predictions."""
        return self.folder.decision.is_file()

    @cached_property
    def decision(self) -> TunedDecision:
        """The decision that was fitted on its out-of-fold predictions."""
        decision = read_decision(self.folder.decision)
        self.check_file(self.folder.decision)
        return decision

    def check_member(self, folder: Path, pattern: str = "model.json") -> None:
        """Check that the files of a member are what the run wrote.

        Raises:
            InputError: when the content of one has changed.
        """
        for path in sorted(folder.glob(pattern)):
            self.check_file(path)

    def check_file(self, path: Path) -> None:
        """Check a file by its digest in the lineage, where there is one.

        Raises:
            InputError: when its content has changed.
        """
        if self.folder.lineage.is_file():
            check_digest(self.folder, path, self.lineage.digests)

    def check_files(self) -> None:
        """Check all files that the lineage has a digest of.

        Raises:
            InputError: when one is missing or its content has changed.
        """
        for name in self.lineage.digests:
            self.check_file(self.path / name)

    def data_path(self, given: Path | None = None) -> Path:
        """Where the data lie that it was trained on.

        Args:
            given: where they are now, if not where it was trained.

        Raises:
            InputError: when there is nothing.
        """
        place = given or Path(self.lineage.data.path)
        if str(place) == "." or not place.exists():
            raise InputError(
                f"Expected the data of {self.path} at {place}: name the place where they are now.",
                setting="data",
            )
        return place


def open_run(path: Path) -> Run:
    """Open a run that has a member at least.

    Raises:
        InputError: when it is no run folder, or its training has not written a member yet.
    """
    run = Run(path)
    run.folder.member_folders()
    return run


def open_finished_run(path: Path, evaluation: str | None = None) -> Run:
    """Open a finished run and read what a comparison needs, so that a broken file is found before anything is computed.

    Args:
        path: the run's folder.
        evaluation: read metrics and predictions of this evaluation instead of the run's own.

    Raises:
        InputError: when the folder is no finished run, or something in it is missing or broken.
    """
    check_folder(path, "a run folder")
    run = Run(path, evaluation)
    if not run.lineage.finished:
        raise InputError(f"Expected {path} to be a finished run, but it is not: resume its training first.")
    for part in ("recipe", "metrics", "predictions"):
        getattr(run, part)
    return run
