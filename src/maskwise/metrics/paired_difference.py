"""The difference between two predictions of the same photos, with an interval, a p-value and a verdict."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from maskwise.metrics.bootstrap import Statistic, bca_bounds, bca_constants, bootstrap
from maskwise.metrics.classification import Floats

Verdict = Literal["better", "worse", "no difference larger than the margin", "can't tell"]
POWER = 0.8


@dataclass(frozen=True)
class Difference:
    """A statistic of B minus that of A, over the same persons.

    `ci95` is the interval for a difference, `ci90` that for equivalence (two one-sided tests at 5%), `p` the two-sided
    level at which the interval ends at 0, `deviation` the standard error.
    """

    value: float
    ci95: tuple[float, float]
    ci90: tuple[float, float]
    p: float
    deviation: float
    n_persons: int

    def verdict(self, margin: float, p: float | None = None) -> Verdict:
        """The conclusion, with `p` adjusted for the number of comparisons where there are several."""
        if (self.p if p is None else p) < 0.05:
            return "better" if self.value > 0 else "worse"
        if -margin < self.ci90[0] and self.ci90[1] < margin:
            return "no difference larger than the margin"
        return "can't tell"

    def persons_needed(self) -> int | None:
        """How many persons are needed to detect this difference at 5% with a power of 80%; None if it is 0."""
        if self.value == 0 or self.deviation == 0:
            return None
        reach = ndtri(0.975) + ndtri(POWER)
        return int(np.ceil(self.n_persons * (reach * self.deviation / abs(self.value)) ** 2))


def paired_difference(
    statistic: Statistic, first: Floats, second: Floats, *, draws: int = 2000, seed: int = 0
) -> Difference:
    """The difference of a statistic between two predictions, by a BCa bootstrap over persons.

    Args:
        statistic: a function of counts summed over persons, such as macro F1.
        first: counts of each person (P, 3C) of predictions A.
        second: those of B, the same persons in the same order.
        draws: resamples of persons.
        seed: of the draws.
    """
    width = first.shape[1]

    def difference(both: Floats) -> Floats:
        return np.asarray(statistic(both[..., width:]) - statistic(both[..., :width]))

    both = np.concatenate([first, second], axis=1)
    total = both.sum(axis=0)
    value = float(difference(total))
    n_persons = len(both)
    if n_persons < 2 or not (first != second).any():
        wide = (-1.0, 1.0) if n_persons < 2 else (value, value)
        return Difference(value, wide, wide, 1.0, 0.0, n_persons)
    drawn = bootstrap(difference, both, draws=draws, seed=seed)
    left_out = np.asarray(difference(total - both))
    bias, acceleration = bca_constants(value, drawn, left_out)
    return Difference(
        value,
        bca_bounds(drawn, bias, acceleration, 0.95),
        bca_bounds(drawn, bias, acceleration, 0.90),
        _p_value(drawn, bias, acceleration),
        float(drawn.std(ddof=1)),
        n_persons,
    )


def _p_value(drawn: Floats, bias: float, acceleration: float) -> float:
    """Twice the level of the one-sided interval that ends at 0 (the interval inverted)."""
    share = (np.count_nonzero(drawn < 0) + 0.5 * np.count_nonzero(drawn == 0) + 0.5) / (len(drawn) + 1)
    w = ndtri(min(max(share, 1e-9), 1 - 1e-9)) - bias
    one_sided = ndtr(w / (1 + acceleration * w) - bias)
    return float(min(1.0, 2 * min(one_sided, 1 - one_sided)))


def holm(p_values: list[float]) -> list[float]:
    """P-values adjusted for their number (S. Holm, "A simple sequentially rejective procedure", 1979)."""
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = highest
    return adjusted
