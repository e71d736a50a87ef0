"""The folder of a run: where each file lies, and whether the folder can take a new run.

Cheap to import: commands check their folders before torch is loaded.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from maskwise.errors import InputError
from maskwise.files import check_folder, locked

CARD_FILE = "MODEL_CARD.md"
"""The model card, which also goes along with an exported file."""

_LOCK = ".lock"


@dataclass(frozen=True)
class ResultFolder:
    """Where predictions and their scores lie: a run, an evaluation of one, or a trial of a study."""

    path: Path

    @property
    def metrics(self) -> Path:
        """The scores."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """The predictions that were scored, one row per photo."""
        return self.path / "predictions.parquet"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"


@dataclass(frozen=True)
class RunFolder(ResultFolder):
    """A run's folder."""

    @property
    def recipe(self) -> Path:
        """Every value that the run was trained with."""
        return self.path / "recipe.yaml"

    @property
    def lineage(self) -> Path:
        """What the run came from."""
        return self.path / "lineage.json"

    @property
    def split(self) -> Path:
        """Which photos were trained on and which were held out."""
        return self.path / "split.parquet"

    @property
    def history(self) -> Path:
        """Scores of each epoch."""
        return self.path / "history.csv"

    @property
    def card(self) -> Path:
        """The model card."""
        return self.path / CARD_FILE

    @property
    def decision(self) -> Path:
        """The decision that was fitted on out-of-fold predictions."""
        return self.path / "decision.json"

    @property
    def ensemble(self) -> Path:
        """How the members' probabilities are combined."""
        return self.path / "ensemble.json"

    @property
    def plan(self) -> Path:
        """How many folds a cross-validation has, and whether it ends with a refit."""
        return self.path / "folds.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of the training's checkpoints."""
        return self.path / "checkpoints"

    @property
    def members(self) -> Path:
        """The folder of the members."""
        return self.path / "members"

    def member(self, place: int) -> Path:
        """The folder of a member."""
        return self.members / f"{place:02d}"

    def fold(self, fold: int) -> "RunFolder":
        """The run that a fold of a cross-validation is."""
        return RunFolder(self.path / "folds" / f"{fold:02d}")

    @property
    def refit(self) -> "RunFolder":
        """The run that was trained on everybody after a cross-validation."""
        return RunFolder(self.path / "refit")

    def evaluation(self, name: str) -> ResultFolder:
        """An evaluation of the run."""
        return ResultFolder(self.path / "evaluations" / name)

    def member_folders(self) -> list[Path]:
        """The folders of the members, in order.

        Raises:
            InputError: when this is no run folder, or its training has not written a member yet.
        """
        check_folder(self.path, "a run folder")
        folders = sorted(f for f in self.members.glob("*") if f.is_dir()) if self.members.is_dir() else []
        if not folders:
            advice = (
                "its training is not finished: resume it"
                if self.recipe.is_file()
                else "it is no run of maskwise"
            )
            raise InputError(f"Expected {self.path} to have a member in members/, got none; {advice}.")
        return folders

    def check_free(self, *, resume: bool) -> None:
        """Check that the folder is free for a new run, or holds one to resume.

        Raises:
            InputError: when it is not.
        """
        # Files that were being written when a process was killed are no content.
        occupied = self.path.exists() and (
            not self.path.is_dir()
            or any(
                not (p.name.startswith(".") and p.name.endswith((".tmp", _LOCK))) for p in self.path.iterdir()
            )
        )
        if resume and not self.recipe.is_file():
            raise InputError(
                f"Expected {self.path} to be a run to resume, got no {self.recipe.name} in it: train a new run.",
                setting="resume",
            )
        if occupied and not resume and os.environ.get("RANK", "0") == "0":
            raise InputError(
                f"Expected {self.path} to be new or empty, but it is not: choose another folder, or resume "
                "the run in it.",
                setting="out",
            )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other trainings away while the block runs; a folder that stays empty is removed.

        Raises:
            InputError: when another training has it.
        """
        if os.environ.get("RANK", "0") != "0":  # the first process keeps it for all
            yield
            return
        try:
            with locked(self.path / _LOCK, str(self.path)):
                yield
        finally:
            with suppress(OSError):
                self.path.rmdir()
