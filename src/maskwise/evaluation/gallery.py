"""The mistakes that a report shows, as small pictures inside the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwise.evaluation.looks import look_at_mistake
from maskwise.evaluation.pages import small_picture
from maskwise.inference.members import member_folders
from maskwise.models.member import load_member

_HEIGHT, _MOST = 176, 24


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


def worst_mistakes(
    runs: Sequence[Path],
    photos: Sequence[str],
    paths: Sequence[Path],
    persons: npt.NDArray[np.str_],
    labels: npt.NDArray[np.int64],
    predictions: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    told_by: npt.NDArray[np.int64] | None = None,
) -> list[Mistake]:
    """The worst mistakes, one a person, and where the first member of who made it looked.

    Args:
        runs: run folders.
        photos: names (N).
        paths: where they lie (N).
        persons: whose they are (N,).
        labels: joint classes (N,), -1 where unknown.
        predictions: joint classes (N,).
        probabilities: joint probabilities (N, C).
        told_by: of each photo (N,) which of the runs predicted it; the first by default.
    """
    members = [load_member(member_folders(run)[0]) for run in runs]
    rows = worst_rows(labels, predictions, probabilities, persons, most=_MOST)
    names = members[0].card.space.class_names
    found = list[Mistake]()
    for row in rows:
        look = partial(look_at_mistake, members[0 if told_by is None else told_by[row]])
        found += mistakes([row], photos, paths, labels, predictions, probabilities, names, look)
    return found


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
