"""Decisions by declared costs: what they cost, and which decision costs least."""

import numpy as np

from maskwise.metrics.array_inputs import Floats, Indices
from maskwise.metrics.class_counts import sum_by_group


def cost_sums(costs: Floats, y_true: Indices, y_pred: Indices, groups: Indices, n_groups: int) -> Floats:
    """Each group's sum of costs and its number of rows (P, 2).

    Args:
        costs: the cost of deciding j where i is true (C, C).
        y_true: class indices (N,).
        y_pred: decided class indices (N,).
        groups: the group of each row (N,), 0 to P - 1.
        n_groups: P.
    """
    return sum_by_group(groups, n_groups, costs[y_true, y_pred], np.ones(len(y_true)))


def least_cost_decision(probabilities: Floats, costs: Floats) -> Indices:
    """The decision (N,) of least expected cost.

    Args:
        probabilities: calibrated probabilities (N, C).
        costs: the cost of deciding j where i is true (C, J).
    """
    return np.asarray((probabilities @ costs).argmin(axis=1), dtype=np.int64)
