"""Two recipes cross-validated on the same folds: their difference with persons, seeds and folds in its interval.

The estimand is the mean over training seeds of the pooled out-of-fold score, which is the score of models trained on
all folds but one. It is not the score of a model trained on everybody, which is usually a little higher.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from maskwise.errors import InputError
from maskwise.metrics.array_inputs import Floats, Indices
from maskwise.metrics.class_counts import CountStatistic, counts_statistic
from maskwise.metrics.classification import macro_f1
from maskwise.metrics.group_intervals import DRAWS
from maskwise.metrics.interval import Interval, check_level
from maskwise.metrics.resampling import FEWEST_FREEDOM, resample
from maskwise.metrics.verdict import Evidence


@dataclass(frozen=True)
class VariancePart:
    """An estimated part of a variance, and the variance of that estimate."""

    variance: float
    spread: float

    @classmethod
    def of(cls, variance: float, freedom: float) -> "VariancePart":
        """A variance estimated with so many degrees of freedom."""
        return cls(variance, 2 * variance**2 / freedom)

    @property
    def freedom(self) -> float:
        """Degrees of freedom, by F. Satterthwaite."""
        return 2 * self.variance**2 / self.spread if self.spread > 0 else 1.0

    def scaled(self, factor: float) -> "VariancePart":
        """The variance of a quantity whose variance is `factor` times this one."""
        return VariancePart(self.variance * factor, self.spread * factor**2)


@dataclass(frozen=True)
class OutOfFoldDifference:
    """The pooled out-of-fold score of B minus that of A.

    Attributes:
        difference: with its interval.
        evidence: what a verdict rests on.
        persons: the variance that comes from the groups being a sample.
        training: the variance that comes from training: seeds, or folds where there is one seed each.
        training_from: `seeds`, or `folds`.
    """

    difference: Interval
    evidence: Evidence
    persons: VariancePart
    training: VariancePart
    training_from: str


def out_of_fold_difference(
    first: Sequence[Floats],
    second: Sequence[Floats],
    folds: Indices,
    *,
    statistic: CountStatistic = macro_f1,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> OutOfFoldDifference:
    """The paired difference of two recipes, each with out-of-fold predictions of the same groups by one or more seeds.

    The variance has two parts. Groups: a bootstrap of the mean difference over seeds (P. Bayle et al.,
    "Cross-validation Confidence Intervals for Test Error", 2020: conditional on the trained models this is enough).
    Training: the variance over seeds within each fold, where each recipe has two seeds or more; else what the folds
    vary beyond what their groups explain, which has as many degrees of freedom as folds less one. Simulated in
    `benchmarks/fold_coverage.py`.

    Args:
        first: counts by group (P, M) of A, one array per seed.
        second: those of B, the same groups in the same order.
        folds: the fold in which each group was predicted (P,).
        statistic: from summed counts to a score.
        level: of the interval.
        draws: bootstrap draws of groups.
        seed: of the draws.

    Raises:
        InputError: when shapes differ, or there are fewer than 2 folds.
    """
    check_level(level)
    _check(first, second, folds)
    width, n_groups = first[0].shape[1], len(folds)
    sides = [*first, *second]
    n_first = len(first)

    def difference_and_contrasts(stacked: Floats) -> Floats:
        scores = np.stack(
            [statistic(stacked[..., k * width : (k + 1) * width]) for k in range(len(sides))], axis=-1
        )
        of_a, of_b = scores[..., :n_first], scores[..., n_first:]
        means = [part.mean(axis=-1, keepdims=True) for part in (of_a, of_b)]
        return np.concatenate([means[1] - means[0], of_a - means[0], of_b - means[1]], axis=-1)

    resampled = resample(
        counts_statistic(difference_and_contrasts, np.concatenate(sides, axis=1), np.ones(n_groups)),
        draws=draws,
        seed=seed,
    )
    value = float(resampled.value[0])
    errors = resampled.standard_error**2
    persons = VariancePart.of(float(errors[0]), float(resampled.freedom[0]))
    contrasts = (errors[1 : 1 + n_first], errors[1 + n_first :])
    per_seed = [
        _seed_variance(runs, folds, statistic, contrast)
        for runs, contrast in zip((first, second), contrasts, strict=True)
        if len(runs) > 1
    ]
    if per_seed:
        # A recipe with one seed is taken to vary over seeds as much as the other one does.
        shares = [1 / len(first), 1 / len(second)]
        if len(per_seed) == 2:
            training = _sum([part.scaled(share) for part, share in zip(per_seed, shares, strict=True)])
        else:
            training = per_seed[0].scaled(sum(shares))
        source = "seeds"
    else:
        training, source = _fold_variance(statistic, sides, n_first, folds, persons.variance), "folds"
    total = persons.variance + training.variance
    error = float(np.sqrt(total)) if n_groups > 1 else float("nan")
    # Where the folds vary more than their groups explain, their variance is all that is known: K - 1 degrees.
    if source == "folds" and training.variance > 0:
        freedom = float(len(np.unique(folds)) - 1)
    else:
        freedom = max(FEWEST_FREEDOM, _sum([persons, training]).freedom)
    reach = float(stdtrit(freedom, (1 + level) / 2)) * error if n_groups > 1 else float("inf")
    return OutOfFoldDifference(
        Interval(value, value - reach, value + reach, level),
        Evidence(value, error, freedom, n_groups),
        persons,
        training,
        source,
    )


def _seed_variance(
    runs: Sequence[Floats], folds: Indices, statistic: CountStatistic, contrasts: Floats
) -> VariancePart:
    """The variance of one seed's score that is common to the groups of a fold.

    In each fold in turn one seed's model replaces the mean over seeds. What that varies holds both the part common to
    a fold's groups and each group's own; the latter is known from how the seeds' contrasts vary over groups (S,), and
    is taken off, as resampling groups carries it already.
    """
    mean = np.mean(runs, axis=0)
    total = mean.sum(axis=0)
    parts = []
    for fold in np.unique(folds):
        inside = folds == fold
        rest = total - mean[inside].sum(axis=0)
        scores = [float(statistic(rest + run[inside].sum(axis=0))) for run in runs]
        parts.append(VariancePart.of(float(np.var(scores, ddof=1)), len(runs) - 1))
    both = _sum(parts)
    own = float(contrasts.sum()) / (len(runs) - 1)
    return VariancePart(max(0.0, both.variance - own), both.spread)


def _fold_variance(
    statistic: CountStatistic, sides: Sequence[Floats], n_first: int, folds: Indices, persons: float
) -> VariancePart:
    """What the folds vary beyond their groups: the delete-one-fold variance less the variance of groups."""
    left_out = []
    for fold in np.unique(folds):
        scores = [float(statistic(side[folds != fold].sum(axis=0))) for side in sides]
        left_out.append(np.mean(scores[n_first:]) - np.mean(scores[:n_first]))
    n = len(left_out)
    between = (n - 1) * float(np.var(left_out))
    return VariancePart(max(0.0, between - persons), 2 * between**2 / (n - 1))


def _sum(parts: Sequence[VariancePart]) -> VariancePart:
    """The sum of independently estimated variances."""
    return VariancePart(sum(part.variance for part in parts), sum(part.spread for part in parts))


def _check(first: Sequence[Floats], second: Sequence[Floats], folds: Indices) -> None:
    if not first or not second:
        raise InputError("Expected at least one run of each recipe, got none.")
    shape = first[0].shape
    for counts in (*first, *second):
        if counts.shape != shape or len(counts) != len(folds):
            raise InputError(
                f"Expected all runs to have counts of the same groups and classes {shape} and a fold per group, got "
                f"{counts.shape} and {len(folds)} folds."
            )
    if len(np.unique(folds)) < 2:
        raise InputError("Expected at least 2 folds, got 1.")
