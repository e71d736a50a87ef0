"""Macro F1 and accuracy from counts by person, which are all that a bootstrap over persons needs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Photos by person and class, each (P, C): correctly predicted, labelled, predicted."""

    hits: Floats
    labelled: Floats
    predicted: Floats

    @property
    def stacked(self) -> Floats:
        """All counts side by side (P, 3C), to be multiplied with weights of persons."""
        return np.concatenate([self.hits, self.labelled, self.predicted], axis=1)


def count_by_person(
    labels: npt.NDArray[np.int64],
    predictions: npt.NDArray[np.int64],
    person_index: npt.NDArray[np.int64],
    n_classes: int,
    n_persons: int,
) -> Counts:
    """Counts of labels (N,) and predictions (N,) for persons numbered 0 to P - 1 (N,)."""

    def table(classes: npt.NDArray[np.int64]) -> Floats:
        flat = np.bincount(person_index * n_classes + classes, minlength=n_persons * n_classes)
        return flat.reshape(n_persons, n_classes).astype(np.float64)

    right = labels == predictions
    hits = np.bincount(
        person_index[right] * n_classes + labels[right], minlength=n_persons * n_classes
    ).reshape(n_persons, n_classes)
    return Counts(hits.astype(np.float64), table(labels), table(predictions))


def stacked_by_person(
    labels: npt.NDArray[np.int64],
    predictions: npt.NDArray[np.int64],
    persons: npt.NDArray[np.str_] | npt.NDArray[np.int64],
    n_classes: int,
) -> Floats:
    """Counts (P, 3C) of the persons that have a photo, sorted by name or number (N,)."""
    present, index = np.unique(persons, return_inverse=True)
    return count_by_person(labels, predictions, index, n_classes, len(present)).stacked


def class_f1(stacked: Floats) -> Floats:
    """F1 (..., C) of counts (..., 3C) summed over persons; 0 for a class neither labelled nor predicted.

    The convention is scikit-learn's `zero_division=0`.
    """
    hits, labelled, predicted = np.split(stacked, 3, axis=-1)
    total = labelled + predicted
    return np.divide(2 * hits, total, out=np.zeros_like(hits), where=total > 0)


def macro_f1(stacked: Floats) -> Floats:
    """Mean F1 (...) over all classes of counts (..., 3C), absent classes included as 0."""
    return np.asarray(class_f1(stacked).mean(axis=-1))


def accuracy(stacked: Floats) -> Floats:
    """Share of photos (...) predicted correctly, from counts (..., 3C); 0 where there are no photos."""
    hits, labelled, _ = np.split(stacked, 3, axis=-1)
    total = labelled.sum(axis=-1)
    return np.asarray(np.divide(hits.sum(axis=-1), total, out=np.zeros_like(total), where=total > 0))


def macro_f1_of(labels: npt.NDArray[np.int64], predictions: npt.NDArray[np.int64], n_classes: int) -> float:
    """Macro F1 of predictions (N,) against labels (N,), persons ignored."""
    hits = np.bincount(labels[labels == predictions], minlength=n_classes)
    counts = [hits, np.bincount(labels, minlength=n_classes), np.bincount(predictions, minlength=n_classes)]
    return float(macro_f1(np.concatenate(counts).astype(np.float64)))
