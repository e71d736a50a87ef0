"""Scores of predicted probabilities: log loss, macro F1 of soft counts, calibration error."""

import numpy as np

from maskwise.metrics.array_inputs import Floats, Indices
from maskwise.metrics.calibration import BINS
from maskwise.metrics.class_counts import sum_by_group

LEAST_PROBABILITY = 1e-7
"""A probability of 0 for what is true would make the log loss infinite."""


def log_loss_sums(y_true: Indices, probabilities: Floats, groups: Indices, n_groups: int) -> Floats:
    """Each group's sum of negative log probabilities of the labels, and its number of rows (P, 2)."""
    chosen = probabilities[np.arange(len(y_true)), y_true]
    loss = -np.log(np.maximum(chosen, LEAST_PROBABILITY))
    return sum_by_group(groups, n_groups, loss, np.ones(len(y_true)))


def mean_of_sums(sums: Floats) -> Floats:
    """The mean (...) from sums (..., 2) of a quantity and of ones; NaN without rows."""
    total = sums[..., 1]
    return np.divide(sums[..., 0], total, out=np.full_like(total, np.nan), where=total > 0)


def soft_counts(y_true: Indices, probabilities: Floats, groups: Indices, n_groups: int) -> Floats:
    """Hits, labels and predictions of each class by group (P, 3C), a prediction being shared out by its probabilities.

    Macro F1 of these counts changes with every probability, so it tells two models apart on fewer rows than macro F1
    of decisions does. Calibrate before comparing: confidence alone raises it.
    """
    classes = range(probabilities.shape[1])
    hits = [np.where(y_true == c, probabilities[:, c], 0.0) for c in classes]
    labels = [(y_true == c).astype(np.float64) for c in classes]
    return sum_by_group(groups, n_groups, *hits, *labels, *probabilities.T)


def calibration_sums(y_true: Indices, probabilities: Floats, groups: Indices, n_groups: int) -> Floats:
    """Confidence, correctness and rows in each bin, summed by group (P, 3 x bins).

    The 15 bins hold equally many rows; they stay the same in every draw.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == y_true
    n_bins = min(BINS, len(y_true))
    place = np.empty(len(y_true), dtype=np.int64)
    order = np.argsort(confidence, kind="stable")
    for number, rows in enumerate(np.array_split(order, n_bins)):
        place[rows] = number
    inside = [place == number for number in range(n_bins)]
    return sum_by_group(
        groups,
        n_groups,
        *(np.where(rows, confidence, 0.0) for rows in inside),
        *((rows & right).astype(np.float64) for rows in inside),
        *(rows.astype(np.float64) for rows in inside),
    )


def calibration_error_of_sums(sums: Floats) -> Floats:
    """Expected calibration error (...) from sums of `calibration_sums`; NaN without rows."""
    confidence, right, rows = np.split(sums, 3, axis=-1)
    total = rows.sum(axis=-1)
    gap = np.abs(confidence - right).sum(axis=-1)
    return np.asarray(np.divide(gap, total, out=np.full_like(total, np.nan), where=total > 0))
