"""Confidence intervals that hold with few groups and rare classes: Student's t around a bootstrap's centre."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, stdtrit

from maskwise.errors import InputError
from maskwise.metrics.resampling import Resampled


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval.

    Attributes:
        value: the value over all groups.
        low: lower limit.
        high: upper limit.
        level: the share of data sets whose interval should hold the true value, such as 0.95.
    """

    value: float
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class UnseenClasses:
    """What the classes without a labelled row do to a mean over classes: they count 0, but are merely unknown.

    Attributes:
        shift: how much higher the mean would be, were they predicted as well as the other classes.
        variance: the variance that not knowing it adds.
    """

    shift: float = 0.0
    variance: float = 0.0


def score_limits(
    resampled: Resampled,
    *,
    level: float,
    bounds: tuple[float, float] | None,
    unseen: UnseenClasses | None = None,
) -> list[Interval]:
    """The interval of each of K scores.

    The bias-corrected value plus and minus Student's t times the standard error over bootstrap draws, with
    Satterthwaite's degrees of freedom; computed on the logit scale where the score is bounded. Its coverage with 60
    to 400 groups is simulated in `benchmarks/interval_coverage.py`.

    Args:
        resampled: K values and their draws.
        level: between 0 and 1.
        bounds: the least and the greatest possible score; None where there are none, as for differences.
        unseen: an allowance for classes without a labelled row, for a mean over classes.

    Raises:
        InputError: when the level is not between 0 and 1.
    """
    check_level(level)
    unseen = unseen or UnseenClasses()
    error = np.sqrt(resampled.standard_error**2 + unseen.variance)
    centre = resampled.value - resampled.bias + unseen.shift
    reach = stdtrit(resampled.freedom, (1 + level) / 2)
    return [
        _limits(
            float(resampled.value[k]),
            float(centre[k]),
            float(error[k]),
            float(reach[k]),
            resampled.n_groups,
            level,
            bounds,
        )
        for k in range(len(resampled.value))
    ]


def difference_limits(
    resampled: Resampled, *, level: float, additional_variance: float = 0.0
) -> list[Interval]:
    """The interval of each of K differences: the value plus and minus Student's t times the standard error.

    A paired difference needs no correction for bias: both sides have nearly the same.

    Args:
        resampled: K differences and their draws.
        level: between 0 and 1.
        additional_variance: what resampling could not see, see `rare_class_variance`.
    """
    check_level(level)
    error = np.sqrt(resampled.standard_error**2 + additional_variance)
    reach = stdtrit(resampled.freedom, (1 + level) / 2) * error
    reach = np.where(np.isfinite(reach), reach, np.inf)
    return [
        Interval(float(v), float(v - r), float(v + r), level)
        for v, r in zip(resampled.value, reach, strict=True)
    ]


def check_level(level: float) -> None:
    """Check a confidence level.

    Raises:
        InputError: when it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(f"Expected level to be between 0 and 1, got {level!r}.")


def _limits(
    value: float,
    centre: float,
    error: float,
    reach: float,
    n_groups: int,
    level: float,
    bounds: tuple[float, float] | None,
) -> Interval:
    if bounds is None:
        wide = reach * error if np.isfinite(error) else np.inf
        return Interval(value, min(value, centre - wide), max(value, centre + wide), level)
    least, greatest = bounds
    if not np.isfinite(value) or not np.isfinite(error):
        return Interval(value, least, greatest, level)
    span = greatest - least
    if error <= 1e-12 * span:
        return _without_variation(value, n_groups, level, bounds)
    # On the logit scale a centre at a bound would be infinitely far away: it is kept half a standard error from it.
    margin = min(0.5, 0.5 * error / span)
    inside = min(max((centre - least) / span, margin), 1 - margin)
    step = reach * error / span / (inside * (1 - inside))
    low, high = (least + span * float(expit(logit(inside) + side * step)) for side in (-1, 1))
    return Interval(value, min(value, low), max(value, high), level)


def _without_variation(value: float, n_groups: int, level: float, bounds: tuple[float, float]) -> Interval:
    """Where all groups agree, such as in a perfect score: another group may differ as seldom as G agreeing allow.

    The limit is C. Clopper and E. Pearson's (1934) for none of G: about 3.7 / G at 95%.
    """
    least, greatest = bounds
    seldom = 1 - ((1 - level) / 2) ** (1 / n_groups)
    return Interval(value, value - (value - least) * seldom, value + (greatest - value) * seldom, level)
