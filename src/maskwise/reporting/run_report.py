"""The report of a run or an evaluation: one page that loads nothing from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwise.files import write_text
from maskwise.metrics.calibration import reliability
from maskwise.reporting import plots
from maskwise.reporting.gallery import Mistake
from maskwise.reporting.group_words import gap_in_words
from maskwise.reporting.pages import render_page
from maskwise.runs.metrics import Metrics
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

LEFT_OUT = "Photos were left out of this report."

CALIBRATION = "How sure, and how often right"
"""The title of the plot of confidence against accuracy."""


@dataclass(frozen=True)
class About:
    """What a report says besides the scores."""

    title: str
    subtitle: str
    facts: dict[str, str]  # a table of names and values: data, split, training
    rebuild: str  # the commands that repeat the run
    warnings: tuple[str, ...] = ()
    recipe: str = ""
    set_aside: Sequence[tuple[str, str]] = field(default_factory=tuple)


def write_report(
    path: Path,
    metrics: Metrics,
    space: LabelSpace,
    about: About,
    *,
    history: Sequence[dict[str, float]] = (),
    gallery: Sequence[Mistake] | None = None,
    no_gallery: str = LEFT_OUT,
    extra: Sequence[tuple[str, str]] = (),
) -> None:
    """Write the report of a run or an evaluation.

    Args:
        path: where to.
        metrics: the scores.
        space: the label space of the score.
        about: what to say besides the scores.
        history: one row per epoch; none for an evaluation.
        gallery: the worst mistakes; None leaves photos out.
        no_gallery: the reason why they are left out.
        extra: additional plots, each a title and an SVG.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    page = render_page(
        "report.html.j2",
        metrics=metrics,
        space=space,
        about=about,
        curves=plots.learning_curves(history) if history else "",
        per_class=plots.intervals(metrics.per_class, label="F1 of each class"),
        class_confusion=confusion_rows(metrics.confusion),
        attribute_confusions={
            a.name: confusion_rows(metrics.attributes[a.name].confusion) for a in space.attributes
        },
        gallery=gallery,
        no_gallery=no_gallery,
        extra=extra,
        gaps=[gap_in_words(gap) for gap in metrics.gaps],
    )
    write_text(path, page)


def calibration_plot(
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    calibrated: npt.NDArray[np.float64] | None = None,
) -> tuple[tuple[str, str], ...]:
    """The plot of confidence against accuracy, as `write_report` takes additional plots; none without labels.

    Args:
        probabilities: joint probabilities (N, C).
        labels: joint classes (N,), -1 where unknown.
        calibrated: the same probabilities after calibration, where they were calibrated.
    """
    known = labels != UNKNOWN
    if not known.any():
        return ()
    before = reliability(probabilities[known], labels[known])
    after = () if calibrated is None else reliability(calibrated[known], labels[known])
    return ((CALIBRATION, plots.reliability(before, after)),)


def confusion_rows(table: Sequence[Sequence[int]]) -> list[list[tuple[int, float]]]:
    """Counts with their share of the row, for shading."""
    return [[(count, count / max(1, sum(row))) for count in row] for row in table]
