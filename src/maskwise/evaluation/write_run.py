"""Write the result of a training, a cross-validation, an ensemble or an evaluation: the one place that does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.table import PhotoTable
from maskwise.inference.engine import Probabilities
from maskwise.models.member import Member
from maskwise.reporting.gallery import worst_mistakes
from maskwise.reporting.model_card import write_model_card
from maskwise.reporting.run_report import LEFT_OUT, About, calibration_plot, write_report
from maskwise.runs.digests import run_digests
from maskwise.runs.lineage import Lineage
from maskwise.runs.metrics import Metrics
from maskwise.runs.predictions import persons_of, predictions_frame, write_predictions
from maskwise.runs.run_folder import ResultFolder, RunFolder
from maskwise.tasks.label_space import LabelSpace

Classes = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ScoredPhotos:
    """Photos, their labels and what was predicted for them."""

    frame: pl.DataFrame  # as it is stored
    paths: Sequence[Path] | None  # None: the photos are not at hand
    probabilities: Probabilities  # (N, C)
    decided: Classes  # (N,)
    calibrated: npt.NDArray[np.float64] | None = None  # probabilities after calibration
    predicted_by: Classes | None = None  # (N,) which member predicted each photo; the first by default

    @classmethod
    def of_table(
        cls, table: PhotoTable, labels: Classes, probabilities: Probabilities, decided: Classes
    ) -> "ScoredPhotos":
        """The photos of a table (N), with their joint classes (N,)."""
        frame = predictions_frame(table.photos, table.frame["person"], labels, probabilities, table.space)
        return cls(frame=frame, paths=table.paths, probabilities=probabilities, decided=decided)

    @property
    def labels(self) -> Classes:
        """Joint classes (N,), -1 where unknown."""
        return self.frame["label"].to_numpy()


@dataclass(frozen=True, kw_only=True)
class Result:
    """Scores, predictions, and the facts for the report."""

    metrics: Metrics
    space: LabelSpace
    about: About
    photos: ScoredPhotos
    history: Sequence[dict[str, float]] = ()  # one row per epoch
    no_gallery: str = LEFT_OUT


def write_result(folder: ResultFolder, result: Result, members: Sequence[Member] | None) -> None:
    """Write predictions, scores and report; of a run also its card.

    Args:
        folder: where to.
        result: what is written.
        members: whose mistakes the report shows; None leaves photos out.

    Raises:
        MaskwiseError: when a file can't be written.
    """
    photos, metrics, about = result.photos, result.metrics, result.about
    write_predictions(folder.predictions, photos.frame)
    metrics.write(folder.metrics)
    if isinstance(folder, RunFolder):
        write_model_card(folder.card, about.title, about.facts, metrics, result.space)
    gallery = None
    if members is not None and photos.paths is not None:
        gallery = worst_mistakes(
            members,
            photos.frame["photo"].to_list(),
            photos.paths,
            persons_of(photos.frame),
            photos.labels,
            photos.decided,
            photos.probabilities,
            photos.predicted_by,
        )
    write_report(
        folder.report,
        metrics.measured,
        result.space,
        about,
        history=result.history,
        gallery=gallery,
        no_gallery=result.no_gallery,
        extra=calibration_plot(photos.probabilities, photos.labels, photos.calibrated),
    )


def write_run(
    folder: RunFolder,
    result: Result | Metrics,
    lineage: Callable[[], Lineage],
    *,
    members: Sequence[Member] | None = None,
) -> None:
    """Write everything of a run but its members, its split and its recipe; the lineage last, as it says `finished`.

    Args:
        folder: the run's folder.
        result: what was found; of a run that holds nobody out its metrics alone.
        lineage: makes the lineage when all else is written, so that its seconds count the writing too.
        members: whose mistakes the report shows; None leaves photos out.

    Raises:
        MaskwiseError: when a file can't be written.
    """
    if isinstance(result, Metrics):
        result.write(folder.metrics)
    else:
        write_result(folder, result, members)
    lineage().with_digests(run_digests(folder)).write(folder.lineage)
