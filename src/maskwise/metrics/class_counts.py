"""Statistics of sums over groups, and the counts of predicted classes that most of them rest on."""

from collections.abc import Callable

import numpy as np

from maskwise.metrics.array_inputs import Floats, Indices
from maskwise.metrics.resampling import GroupedStatistic

CountStatistic = Callable[[Floats], Floats]
"""From counts (..., M) summed over groups to one value (...) or K values (..., K)."""


def counts_statistic(statistic: CountStatistic, counts: Floats, multiplicity: Floats) -> GroupedStatistic:
    """A statistic of counts (U, M) that are summed over groups, each row standing for `multiplicity` (U,) groups."""

    def weighted(weights: Floats) -> Floats:
        values = np.asarray(statistic(weights @ counts))
        return values[:, None] if values.ndim == 1 else values

    return GroupedStatistic(weighted, multiplicity)


def sum_by_group(groups: Indices, n_groups: int, *columns: Floats) -> Floats:
    """Columns (N,) of rows summed over the rows of each group (P, M)."""
    summed = [np.bincount(groups, weights=column, minlength=n_groups) for column in columns]
    return np.stack(summed, axis=1)


def count_by_group(groups: Indices, n_groups: int, codes: Indices, n_codes: int) -> Floats:
    """How many rows of each group have each code (P, M), from codes (N,) below M."""
    flat = np.bincount(groups * n_codes + codes, minlength=n_groups * n_codes)
    return flat.reshape(n_groups, n_codes).astype(np.float64)


def count_classes(y_true: Indices, y_pred: Indices, groups: Indices, n_classes: int, n_groups: int) -> Floats:
    """Hits, labels and predictions of each class, side by side, by group (P, 3C)."""
    hit = y_true == y_pred
    return np.concatenate(
        [
            count_by_group(groups[hit], n_groups, y_true[hit], n_classes),
            count_by_group(groups, n_groups, y_true, n_classes),
            count_by_group(groups, n_groups, y_pred, n_classes),
        ],
        axis=1,
    )
