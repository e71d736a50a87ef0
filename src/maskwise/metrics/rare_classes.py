"""What resampling can't see of rare classes in a paired difference of macro F1."""

import numpy as np

from maskwise.metrics.array_inputs import Floats


def rare_class_variance(first: Floats, second: Floats, multiplicity: Floats) -> float:
    """The variance that a difference of macro F1 lacks because of classes with few groups.

    A class with two groups that happen to be predicted alike seems to vary by nothing. So the variance of each class's
    difference is shrunk towards that of all classes, as if it had one more group that varies like theirs (an empirical
    Bayes estimate in the manner of G. Smyth, 2004). It matters below some 200 groups and vanishes with more.

    Args:
        first: hits, labels and predictions of each class by group (U, 3C) of model A.
        second: those of model B.
        multiplicity: for how many groups each row stands (U,).

    Returns:
        A variance to be added, 0 or more.
    """
    influence = _class_influence(second, multiplicity) - _class_influence(first, multiplicity)
    n_classes = int(influence.shape[1])
    labelled = first[:, n_classes : 2 * n_classes] > 0
    n_groups = multiplicity @ labelled
    present = n_groups > 0
    n_groups = n_groups[present]
    variance = (multiplicity @ influence**2)[present]
    of_one_group = variance * n_groups
    weight = n_groups - 1
    if not weight.sum():
        return 0.0
    usual = (of_one_group * weight).sum() / weight.sum()
    shrunk = (n_groups * of_one_group + usual) / (n_groups + 1)
    lacking = float((shrunk / n_groups - variance).sum()) / (n_classes * n_classes)
    return max(0.0, lacking)


def _class_influence(counts: Floats, multiplicity: Floats) -> Floats:
    """By how much each group moves the F1 of each class (U, C)."""
    hits, labelled, predicted = np.split(counts, 3, axis=1)
    total_hits, total_labelled, total_predicted = np.split(multiplicity @ counts, 3)
    total = total_labelled + total_predicted
    inverse = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
    return (2 * hits - 2 * total_hits * inverse * (labelled + predicted)) * inverse
