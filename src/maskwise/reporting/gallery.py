"""The mistakes that a report shows, as small pictures inside the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwise.models.member import Member
from maskwise.reporting.pages import small_picture
from maskwise.reporting.saliency_figures import look_at_mistake

_HEIGHT, _MOST = 176, 24


@dataclass(frozen=True)
class Mistake:
    """A photo with a wrong prediction, and the confidence of that prediction."""

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
    members: Sequence[Member],
    photos: Sequence[str],
    paths: Sequence[Path],
    persons: npt.NDArray[np.str_],
    labels: npt.NDArray[np.int64],
    predictions: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
    predicted_by: npt.NDArray[np.int64] | None = None,
) -> list[Mistake]:
    """The worst mistakes, one per person, and where the model that made each looked.

    Args:
        members: the models.
        photos: names (N).
        paths: their files (N).
        persons: whose they are (N,).
        labels: joint classes (N,), -1 where unknown.
        predictions: joint classes (N,).
        probabilities: joint probabilities (N, C).
        predicted_by: which of the members predicted each photo (N,); the first by default.
    """
    found = list[Mistake]()
    for row in worst_rows(labels, predictions, probabilities, persons, most=_MOST):
        member = members[0 if predicted_by is None else int(predicted_by[row])]
        names = member.card.space.class_names
        label, prediction = int(labels[row]), int(predictions[row])
        mistake = Mistake(
            photo=photos[row],
            picture=small_picture(paths[row], _HEIGHT),
            labelled=names[label],
            predicted=names[prediction],
            confidence=float(probabilities[row, prediction]),
            look=look_at_mistake(member, paths[row], label, prediction),
        )
        found.append(mistake)
    return found
