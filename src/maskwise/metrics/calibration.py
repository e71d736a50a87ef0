"""How well predicted probabilities match how often they are right."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.floating]

BINS = 15


def calibration_error(probabilities: Probabilities, labels: Ints) -> float:
    """Expected calibration error of the likeliest class, over 15 bins with as many photos each."""
    bins = reliability(probabilities, labels)
    return sum(abs(said - right) * n for said, right, n in bins) / len(labels)


def reliability(probabilities: Probabilities, labels: Ints) -> list[tuple[float, float, int]]:
    """Mean confidence, accuracy and number of photos of 15 bins with as many photos each."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, min(BINS, len(order))) if len(part)]
    return [(float(confidence[p].mean()), float(right[p].mean()), len(p)) for p in parts]
