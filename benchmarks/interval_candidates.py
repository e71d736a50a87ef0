"""Candidate confidence intervals for macro F1 and its paired difference, from counts by group.

Only the one that won (`student`) is part of maskwise; the others are here to be compared with it.
"""

import numpy as np
import numpy.typing as npt
from scipy import stats

from maskwise.metrics.class_counts import counts_statistic
from maskwise.metrics.classification import class_f1, macro_f1
from maskwise.metrics.interval import UnseenClasses, difference_limits, score_limits
from maskwise.metrics.rare_classes import rare_class_variance
from maskwise.metrics.resampling import resample

Floats = npt.NDArray[np.float64]
Limits = tuple[float, float]


def influence(counts: Floats, total: Floats) -> Floats:
    """The influence of each group (..., P) on macro F1 at totals (..., 3C), from counts (P, 3C)."""
    hits, labelled, predicted = np.split(counts, 3, axis=-1)
    h, n, p = np.split(total, 3, axis=-1)
    inverse = np.divide(1, n + p, out=np.zeros_like(n), where=n + p > 0) / h.shape[-1]
    f1 = np.divide(2 * h, n + p, out=np.zeros_like(h), where=n + p > 0)
    return np.asarray((2 * inverse) @ hits.T - (f1 * inverse) @ (labelled + predicted).T)


def candidate_limits(
    counts: Floats,
    second: Floats | None,
    *,
    draws: int,
    seed: int,
    level: float = 0.95,
    only_ours: bool = False,
) -> dict[str, Limits]:
    """The limits of every candidate for macro F1 of counts (P, 3C), or for its difference to a second model."""
    sides = [counts] if second is None else [counts, second]
    signs = [1.0] if second is None else [-1.0, 1.0]
    width, n = counts.shape[1], len(counts)

    def statistic(both: Floats) -> Floats:
        parts = [macro_f1(both[..., k * width : (k + 1) * width]) for k in range(len(sides))]
        return np.asarray(sum(s * part for s, part in zip(signs, parts, strict=True)))

    both = np.concatenate(sides, axis=1)
    total = both.sum(axis=0)
    resampled = resample(counts_statistic(statistic, both, np.ones(n)), draws=draws, seed=seed)
    if second is None:
        (student,) = score_limits(resampled, level=level, bounds=(0.0, 1.0), unseen=_unseen(total))
    else:
        (student,) = difference_limits(
            resampled, level=level, additional_variance=rare_class_variance(counts, second, np.ones(n))
        )
    ours = {"Student (maskwise)": (student.low, student.high)}
    if only_ours:
        return ours
    value = float(statistic(total))
    random = np.random.default_rng(seed)
    weights = random.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    drawn = statistic(weights @ both)
    left_out = statistic(total - both)
    tail = (1 - level) / 2
    z = stats.norm.ppf(1 - tail)

    def quantiles(of: Floats, low: float = tail, high: float = 1 - tail) -> Limits:
        a, b = np.quantile(of, [low, high])
        return float(a), float(b)

    def influences(totals: Floats) -> Floats:
        return sum(  # type: ignore[return-value]
            s * influence(side, totals[..., k * width : (k + 1) * width])
            for k, (s, side) in enumerate(zip(signs, sides, strict=True))
        )

    own = influences(total)
    error = np.sqrt((own**2).sum() * n / (n - 1))
    jackknife = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    t = stats.t.ppf(1 - tail, n - 1)
    found = {
        "percentile": quantiles(drawn),
        "BCa": _bca(value, drawn, left_out, z, quantiles),
        "delta, normal": (value - z * error, value + z * error),
        "jackknife, t(P-1)": (value - t * jackknife, value + t * jackknife),
    }
    errors = np.sqrt((weights * influences(weights @ both) ** 2).sum(axis=1) * n / (n - 1))
    defined = errors > 0
    if error > 0 and defined.sum() > draws / 2:
        low, high = quantiles((drawn[defined] - value) / errors[defined])
        found["studentised"] = (value - high * error, value - low * error)
    else:
        found["studentised"] = (value, value)
    exponential = random.standard_exponential((draws, n))
    found["Bayesian"] = quantiles(statistic(exponential @ both))
    found["smoothed Bayesian"] = quantiles(
        statistic(exponential @ both + _pseudo_groups(sides, random, draws))
    )
    return found | ours


def _bca(value: float, drawn: Floats, left_out: Floats, z: float, quantiles) -> Limits:  # noqa: ANN001
    below = (np.count_nonzero(drawn < value) + 0.5 * np.count_nonzero(drawn == value)) / len(drawn)
    bias, acceleration = 0.0, 0.0
    if 0 < below < 1 and np.ptp(left_out) > 0:
        gap = left_out.mean() - left_out
        bias, acceleration = stats.norm.ppf(below), (gap**3).sum() / (6 * (gap**2).sum() ** 1.5)
    levels = [stats.norm.cdf(bias + (bias + side) / (1 - acceleration * (bias + side))) for side in (-z, z)]
    return quantiles(drawn, *levels)


def _pseudo_groups(sides: list[Floats], random: np.random.Generator, draws: int) -> Floats:
    """Counts (D, M) of half a group that is right and half a group that is wrong in each class."""
    n_classes = sides[0].shape[1] // 3
    right, wrong = random.gamma(0.5, size=(2, draws, n_classes))
    parts = []
    for side in sides:
        labelled = side[:, n_classes : 2 * n_classes]
        size = labelled.sum(axis=0) / np.maximum((labelled > 0).sum(axis=0), 1)
        size[size == 0] = size[size > 0].mean()
        parts += [right * size, (right + wrong) * size, (right + wrong) * size]
    return np.concatenate(parts, axis=1)


def _unseen(total: Floats) -> UnseenClasses:
    n = len(total) // 3
    labelled = total[n : 2 * n] > 0
    n_unseen = int((~labelled).sum())
    return UnseenClasses(n_unseen * float(class_f1(total)[labelled].mean()) / n, n_unseen * (0.3 / n) ** 2)
