"""Scores of a ranking, binary: area under the ROC curve, average precision, sensitivity at a fixed specificity.

The definitions, ties included, are scikit-learn's: `roc_auc_score`, `average_precision_score`, `roc_curve`.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from maskwise.metrics.array_inputs import Floats, Indices
from maskwise.metrics.resampling import GroupedStatistic

Curve = Callable[[Floats, Floats], Floats]
"""From weights of the true and the false positives (B, T) at T falling thresholds to a value (B,)."""

_BLOCK = 4_000_000


def ranking_statistic(
    curve: Curve, positive: npt.NDArray[np.bool_], scores: Floats, groups: Indices, n_groups: int
) -> GroupedStatistic:
    """A statistic of scores (N,), of which larger ones mean more likely positive (N,); NaN without both classes."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # tied scores share a threshold
    group, hit = groups[order], positive[order].astype(np.float64)

    def weighted(weights: Floats) -> Floats:
        values = np.empty((len(weights), 1))
        rows = max(1, _BLOCK // len(order))
        for start in range(0, len(weights), rows):
            weight = weights[start : start + rows, group]
            true = np.cumsum(weight * hit, axis=1)[:, ends]
            false = np.cumsum(weight, axis=1)[:, ends] - true
            with np.errstate(invalid="ignore", divide="ignore"):
                values[start : start + rows, 0] = curve(true, false)
        return values

    return GroupedStatistic(weighted, np.ones(n_groups))


def area_under_roc(true: Floats, false: Floats) -> Floats:
    """Area under the ROC curve (B,), tied scores counting half."""
    before = np.concatenate([np.zeros((len(true), 1)), true[:, :-1]], axis=1)
    steps = np.diff(false, axis=1, prepend=0.0)
    return np.asarray((steps * (true + before) / 2).sum(axis=1) / (true[:, -1] * false[:, -1]))


def average_precision(true: Floats, false: Floats) -> Floats:
    """Mean precision (B,) over the thresholds, weighted by the recall that each one adds."""
    steps = np.diff(true, axis=1, prepend=0.0)
    precision = np.divide(true, true + false, out=np.zeros_like(true), where=true + false > 0)
    return np.asarray((steps * precision).sum(axis=1) / true[:, -1])


def sensitivity_at(specificity: float) -> Curve:
    """The greatest sensitivity (B,) of any threshold whose specificity is at least so much."""

    def curve(true: Floats, false: Floats) -> Floats:
        # The tolerance is rounding's: 0.9 of 10 rows are 9 rows.
        allowed = false <= (1 - specificity) * false[:, -1:] + 1e-9
        best = np.where(allowed, true, 0.0).max(axis=1)
        return np.asarray(np.where(false[:, -1] > 0, best / true[:, -1], np.nan))

    return curve
