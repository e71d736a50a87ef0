"""The mistakes that a report shows, as small pictures inside the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwise.evaluation.pages import small_picture

_HEIGHT = 176


@dataclass(frozen=True)
class Mistake:
    """A photo that was misjudged, and how surely."""

    photo: str
    picture: str  # a data: URL, or empty where the photo can't be read
    labelled: str
    predicted: str
    confidence: float
    look: str = ""  # where the model looked, as another data: URL


def worst_rows(
    labels: npt.NDArray[np.int64],
    predictions: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    persons: npt.NDArray[np.str_],
    *,
    most: int,
) -> list[int]:
    """Rows of the mistakes in which the label was given the least probability, one for each person.

    Args:
        labels: joint classes (N,), -1 where unknown.
        predictions: joint classes (N,).
        probabilities: joint probabilities (N, C).
        persons: whose photo each is (N,).
        most: how many at the most.
    """
    wrong = np.flatnonzero((labels >= 0) & (labels != predictions))
    order = wrong[np.argsort(probabilities[wrong, labels[wrong]], kind="stable")]
    seen: set[str] = set()
    rows: list[int] = []
    for row in order.tolist():
        if persons[row] not in seen and len(rows) < most:
            seen.add(str(persons[row]))
            rows.append(row)
    return rows


def mistakes(
    rows: Sequence[int],
    photos: Sequence[str],
    paths: Sequence[Path],
    labels: npt.NDArray[np.int64],
    predictions: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    names: Sequence[str],
    look: Callable[[Path, int, int], str] = lambda path, label, prediction: "",
) -> list[Mistake]:
    """The mistakes of these rows with their pictures, and where the model looked."""
    return [
        Mistake(
            photo=photos[row],
            picture=small_picture(paths[row], _HEIGHT),
            labelled=names[labels[row]],
            predicted=names[predictions[row]],
            confidence=float(probabilities[row, predictions[row]]),
            look=look(paths[row], int(labels[row]), int(predictions[row])),
        )
        for row in rows
    ]
