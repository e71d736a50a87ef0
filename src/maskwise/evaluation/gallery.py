"""The mistakes that a report shows, as small pictures inside the page."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from maskwise.data.decoding import PhotoError, decode, read_header, read_photo, reduction_for

_HEIGHT = 176


@dataclass(frozen=True)
class Mistake:
    """A photo that was misjudged, and how surely."""

    photo: str
    picture: str  # a data: URL, or empty where the photo can't be read
    labelled: str
    predicted: str
    confidence: float


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
) -> list[Mistake]:
    """The mistakes of these rows with their pictures."""
    return [
        Mistake(
            photo=photos[row],
            picture=_picture(paths[row]),
            labelled=names[labels[row]],
            predicted=names[predictions[row]],
            confidence=float(probabilities[row, predictions[row]]),
        )
        for row in rows
    ]


def _picture(path: Path) -> str:
    try:
        data = read_photo(path)
        header = read_header(data)
        size = (header.height, header.width)
        pixels = decode(data, header, reduction_for(size, _HEIGHT / header.height)).pixels
    except PhotoError:
        return ""
    width = max(1, round(_HEIGHT * header.width / header.height))
    small = cv2.resize(pixels, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(small), quality=80, colorsubsampling="420")
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
