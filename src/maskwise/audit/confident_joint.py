"""Confident learning over the joint classes: which are labelled as one and look like another, and how many.

C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021.
"""

from functools import reduce

import numpy as np

from maskwise.audit.out_of_fold import Floats, Ints, OutOfFoldLabels
from maskwise.tasks.label_space import UNKNOWN, LabelSpace


def joint_probabilities(told: OutOfFoldLabels, space: LabelSpace) -> Floats:
    """Out-of-fold probabilities (N, C) of the joint classes: the attributes' own, multiplied."""
    each = [told.probabilities[attribute.name] for attribute in space.attributes]
    return reduce(lambda a, b: (a[:, :, None] * b[:, None, :]).reshape(len(a), -1), each)


def confident_joint(probabilities: Floats, labels: Ints) -> Ints:
    """How many photos are labelled as a class (row) and confidently look like one (column): (C, C).

    A photo looks like the likeliest class among those whose probability is at least what photos labelled so have on
    the mean; where there is none it counts nowhere.

    Args:
        probabilities: out of fold (N, C).
        labels: (N,), UNKNOWN where there is none.
    """
    n_classes = probabilities.shape[1]
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    known = labels != UNKNOWN
    own = probabilities[known, labels[known]]
    n_labelled = np.bincount(labels[known], minlength=n_classes)
    total = np.bincount(labels[known], weights=own, minlength=n_classes)
    # A class without labels has no threshold that could be reached.
    thresholds = np.where(n_labelled > 0, total / np.maximum(n_labelled, 1), np.inf)
    sure = np.where(probabilities[known] >= thresholds, probabilities[known], -1.0)
    looks = sure.argmax(axis=1)
    counted = sure.max(axis=1) >= 0
    np.add.at(counts, (labels[known][counted], looks[counted]), 1)
    return counts
