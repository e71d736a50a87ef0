"""Confidence intervals by resampling persons: photos of one person are not independent."""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from maskwise.metrics.classification import Floats
from maskwise.randomness import keyed_generator

Method = Literal["percentile", "bca"]
Statistic = Callable[[Floats], Floats]
"""From counts (..., 3C), summed over persons, to one value (...) or several (..., K)."""

_BLOCK = 8_000_000  # weights at once: 64 MB


def person_draws(n_persons: int, *, draws: int, seed: int) -> Iterator[Floats]:
    """Blocks (B, P) of how often each person occurs in each draw of P persons with replacement."""
    generator = keyed_generator(seed, "bootstrap", n_persons, draws)
    rows = max(1, _BLOCK // n_persons)
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        picks = generator.integers(0, n_persons, size=(size, n_persons))
        picks += np.arange(size)[:, None] * n_persons
        yield (
            np.bincount(picks.ravel(), minlength=size * n_persons).reshape(size, n_persons).astype(np.float64)
        )


def bootstrap(statistic: Statistic, stacked: Floats, *, draws: int, seed: int) -> Floats:
    """The statistic (D, ...) in each draw of persons from their counts (P, 3C)."""
    parts = [statistic(weights @ stacked) for weights in person_draws(len(stacked), draws=draws, seed=seed)]
    return np.concatenate(parts)


def interval(
    statistic: Statistic,
    stacked: Floats,
    *,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
    method: Method = "bca",
) -> tuple[Floats, Floats, Floats]:
    """A statistic with its interval: value, low and high, each of the statistic's shape (...).

    Args:
        statistic: a function of counts summed over persons.
        stacked: counts of each person (P, 3C).
        level: the coverage: the share of data sets whose interval contains the true value.
        draws: resamples of persons.
        seed: of the draws; the same persons and seed give the same draws, so statistics can be paired.
        method: `bca` (B. Efron, "Better Bootstrap Confidence Intervals", 1987), or `percentile`, whose
            upper bounds are too low where classes are rare (benchmarks/interval_coverage.py).
    """
    value = np.asarray(statistic(stacked.sum(axis=0)))
    if len(stacked) < 2:  # nothing is known about other persons: the widest interval
        return value, np.zeros_like(value), np.ones_like(value)
    drawn = bootstrap(statistic, stacked, draws=draws, seed=seed)
    tail = (1 - level) / 2
    if method == "percentile":
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
        return value, low, high
    flat_value, flat_drawn = value.reshape(-1), drawn.reshape(len(drawn), -1)
    left_out = np.asarray(statistic(stacked.sum(axis=0) - stacked)).reshape(len(stacked), -1)
    bounds = [
        bca_bounds(drawn_k, *bca_constants(value_k, drawn_k, left_out_k), level)
        for value_k, drawn_k, left_out_k in zip(flat_value, flat_drawn.T, left_out.T, strict=True)
    ]
    low, high = np.array(bounds).T.reshape(2, *value.shape)
    return value, low, high


def bca_bounds(drawn: Floats, bias: float, acceleration: float, level: float) -> tuple[float, float]:
    """The low and the high end of a BCa interval.

    Args:
        drawn: the statistic in each draw (D,).
        bias: see `bca_constants`.
        acceleration: see `bca_constants`.
        level: the coverage, such as 0.95.
    """
    z = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    low, high = np.quantile(drawn, ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def bca_constants(value: float, drawn: Floats, left_out: Floats) -> tuple[float, float]:
    """The bias and the acceleration by which BCa corrects percentiles; both 0 where they are undefined.

    Args:
        value: the statistic.
        drawn: the statistic in each draw (D,).
        left_out: the statistic with each person left out (P,).
    """
    below = (np.count_nonzero(drawn < value) + 0.5 * np.count_nonzero(drawn == value)) / len(drawn)
    if not 0 < below < 1 or np.ptp(left_out) == 0:
        return 0.0, 0.0
    gap = left_out.mean() - left_out
    return float(ndtri(below)), float((gap**3).sum() / (6 * (gap**2).sum() ** 1.5))
