"""Confident learning over the joint classes: which classes are labelled as one and predicted as another, how often.

C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from sklearn.metrics import confusion_matrix

from maskwise.audit.out_of_fold import Floats, Ints, OutOfFoldPredictions
from maskwise.data.table import PhotoTable
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

MOST_PAIRS = 12


@dataclass(frozen=True)
class ConfusedClasses:
    """Photos that are labelled as one class and confidently predicted as another."""

    label: str
    predicted: str
    n_photos: int


def confused_classes(table: PhotoTable, predictions: OutOfFoldPredictions) -> list[ConfusedClasses]:
    """Pairs of classes that are confused, most photos first, at most MOST_PAIRS.

    Args:
        table: the photos (N).
        predictions: of them.
    """
    space = table.space
    counts = confident_joint(joint_probabilities(predictions, space), space.encode(table.label_indices()))
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:MOST_PAIRS]
    return [
        ConfusedClasses(space.class_names[a], space.class_names[b], int(counts[a, b]))
        for a, b in zip(*np.unravel_index(order, counts.shape), strict=True)
        if counts[a, b]
    ]


def joint_probabilities(predictions: OutOfFoldPredictions, space: LabelSpace) -> Floats:
    """Probabilities (N, C) of the joint classes: the product of the attributes' probabilities."""
    each = [predictions.probabilities[attribute.name] for attribute in space.attributes]
    return reduce(lambda a, b: (a[:, :, None] * b[:, None, :]).reshape(len(a), -1), each)


def confident_joint(probabilities: Floats, labels: Ints) -> Ints:
    """How many photos are labelled as a class (row) and confidently predicted as a class (column): (C, C).

    A photo is counted under the likeliest class among those whose probability reaches the class's threshold, the mean
    probability of that class over the photos labelled with it; photos that reach no threshold are not counted.

    Args:
        probabilities: out-of-fold probabilities (N, C).
        labels: classes (N,), UNKNOWN where there is none.
    """
    n_classes = probabilities.shape[1]
    known = labels != UNKNOWN
    labels, probabilities = labels[known], probabilities[known]
    n_labelled = np.bincount(labels, minlength=n_classes)
    own = probabilities[np.arange(len(labels)), labels]
    total = np.bincount(labels, weights=own, minlength=n_classes)
    # A class without labels has no threshold that could be reached.
    thresholds = np.where(n_labelled > 0, total / np.maximum(n_labelled, 1), np.inf)
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    counted = confident.max(axis=1) >= 0
    if not counted.any():
        return np.zeros((n_classes, n_classes), dtype=np.int64)
    predicted = confident.argmax(axis=1)
    return np.asarray(confusion_matrix(labels[counted], predicted[counted], labels=np.arange(n_classes)))
