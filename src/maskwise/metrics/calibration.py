"""Calibration: how well confidences match accuracies."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.floating]

BINS = 15


def calibration_error(probabilities: Probabilities, labels: Ints) -> float:
    """Expected calibration error (0 to 1) of the most probable class, over 15 bins of equally many photos."""
    bins = reliability(probabilities, labels)
    return sum(abs(confidence - accuracy) * n for confidence, accuracy, n in bins) / len(labels)


def reliability(probabilities: Probabilities, labels: Ints) -> list[tuple[float, float, int]]:
    """Mean confidence, accuracy and number of photos of 15 bins of equally many photos."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, min(BINS, len(order))) if len(part)]
    return [(float(confidence[p].mean()), float(right[p].mean()), len(p)) for p in parts]
