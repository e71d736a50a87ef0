"""Two models' predictions of the same rows: their paired difference and what may be said of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.metrics.array_inputs import Floats, encode_labels
from maskwise.metrics.group_intervals import DRAWS, check_draws
from maskwise.metrics.interval import Interval, check_level, difference_limits
from maskwise.metrics.measures import Measure, create_measure, merge_equal_rows, prepare
from maskwise.metrics.multiple_testing import Adjustment, adjust_p_values
from maskwise.metrics.resampling import GroupedStatistic, resample
from maskwise.metrics.verdict import DEFAULT_MARGIN, Evidence, Verdict, decide, groups_needed


@dataclass(frozen=True)
class Comparison:
    """B against A on the same rows.

    Attributes:
        difference: the score of B minus that of A, with its interval.
        p_value: two-sided p-value of no difference, adjusted where several comparisons were made together.
        verdict: whether B is `better` or `worse` than A, `practically the same`, or one `can't tell`.
        margin: differences below it do not matter.
        equivalence_p_value: p-value of a difference of at least the margin (two one-sided tests).
        score_a: the score of A.
        score_b: the score of B.
        n_groups: how many groups it rests on.
        groups_needed: how many in all would give a verdict with a power of 80%; None with a verdict, or where no
            number would.
        measure: what was compared.
    """

    difference: Interval
    p_value: float
    verdict: Verdict
    margin: float
    equivalence_p_value: float
    score_a: float
    score_b: float
    n_groups: int
    groups_needed: int | None
    measure: str
    evidence: Evidence

    @property
    def more_groups_needed(self) -> int | None:
        """How many groups beyond those there are would give a verdict."""
        return None if self.groups_needed is None else max(1, self.groups_needed - self.n_groups)


def compare(
    y_true: npt.ArrayLike,
    pred_a: npt.ArrayLike,
    pred_b: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None,
    labels: Sequence[object] | None = None,
    margin: float | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Compare the macro F1 of two models on the same rows, groups being the units.

    Args:
        y_true: labels (N,), integers or strings.
        pred_a: what model A predicts (N,).
        pred_b: what model B predicts (N,).
        groups: the group of each row (N,); None says that each row is a group of its own.
        labels: the classes; by default those in any of the arrays.
        margin: differences of macro F1 below it do not matter; 0.01 by default.
        level: of the interval.
        draws: bootstrap draws of groups.
        seed: of the draws.

    Raises:
        InputError: when the arrays do not fit together.
    """
    return compare_scores(
        "macro_f1",
        y_true,
        pred_a,
        pred_b,
        groups=groups,
        labels=labels,
        margin=margin,
        level=level,
        draws=draws,
        seed=seed,
    )


def compare_scores(
    measure: str | Measure,
    y_true: npt.ArrayLike,
    prediction_a: npt.ArrayLike,
    prediction_b: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None,
    labels: Sequence[object] | None = None,
    margin: float | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Compare two models by any measure; `better` means a lower value where the measure is a loss.

    Args:
        measure: its name, or what `create_measure` gives.
        y_true: labels (N,).
        prediction_a: what A predicts: classes (N,), probabilities (N, C) or scores (N,), as the measure needs.
        prediction_b: what B predicts.
        groups: the group of each row (N,); None says that each row is a group of its own.
        labels: the classes in order.
        margin: differences below it do not matter; 0.01 by default.
        level: of the interval.
        draws: bootstrap draws of groups.
        seed: of the draws.

    Raises:
        InputError: when there is no such measure, or the arrays do not fit together.
    """
    chosen = create_measure(measure) if isinstance(measure, str) else measure
    check_level(level)
    check_draws(draws)
    margin = check_margin(DEFAULT_MARGIN if margin is None else margin)
    if chosen.needs == "classes" and labels is None:
        _, labels = encode_labels({"y_true": y_true, "pred_a": prediction_a, "pred_b": prediction_b}, None)
    sides = [
        prepare(chosen, y_true, prediction, groups, labels, name)
        for name, prediction in (("pred_a", prediction_a), ("pred_b", prediction_b))
    ]
    first, second = merge_equal_rows(*sides)
    return compare_statistics(
        chosen.statistic(first),
        chosen.statistic(second),
        chosen,
        additional_variance=chosen.paired_variance(first, second),
        margin=margin,
        level=level,
        draws=draws,
        seed=seed,
    )


def compare_statistics(
    first: GroupedStatistic,
    second: GroupedStatistic,
    measure: Measure,
    *,
    additional_variance: float = 0.0,
    margin: float = DEFAULT_MARGIN,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Compare a statistic of A with that of B over the same groups in the same order.

    `additional_variance` is what resampling can't see of the difference's variance.
    """

    def three(weights: Floats) -> Floats:
        a, b = first.weighted(weights), second.weighted(weights)
        return np.concatenate([b - a, a, b], axis=1)

    resampled = resample(GroupedStatistic(three, first.multiplicity), draws=draws, seed=seed)
    difference, of_a, of_b = difference_limits(
        resampled, level=level, additional_variance=additional_variance
    )
    evidence = Evidence(
        difference.value if measure.higher_is_better else -difference.value,
        float(np.sqrt(resampled.standard_error[0] ** 2 + additional_variance)),
        float(resampled.freedom[0]),
        resampled.n_groups,
    )
    return _judged(
        Comparison(
            difference=difference,
            p_value=evidence.p_value,
            verdict="can't tell",
            margin=margin,
            equivalence_p_value=evidence.equivalence_p_value(margin),
            score_a=of_a.value,
            score_b=of_b.value,
            n_groups=resampled.n_groups,
            groups_needed=None,
            measure=measure.name,
            evidence=evidence,
        )
    )


def judge_together(
    comparisons: Sequence[Comparison], adjustment: Adjustment = "benjamini-hochberg"
) -> list[Comparison]:
    """The verdicts of a study's comparisons, their p-values adjusted for how many there are.

    P-values of difference and of equivalence are two families, each adjusted by itself; intervals stay as they are.
    """
    differ = adjust_p_values([c.evidence.p_value for c in comparisons], adjustment)
    same = adjust_p_values([c.evidence.equivalence_p_value(c.margin) for c in comparisons], adjustment)
    return [
        _judged(replace(comparison, p_value=p, equivalence_p_value=q))
        for comparison, p, q in zip(comparisons, differ, same, strict=True)
    ]


def check_margin(margin: float) -> float:
    """Check a margin.

    Raises:
        InputError: when it is not above 0.
    """
    if not (np.isfinite(margin) and margin > 0):
        raise InputError(f"Expected margin to be above 0, got {margin!r}.")
    return margin


def _judged(comparison: Comparison) -> Comparison:
    verdict = decide(
        comparison.evidence,
        comparison.margin,
        p_value=comparison.p_value,
        equivalence=comparison.equivalence_p_value,
    )
    needed = groups_needed(comparison.evidence, comparison.margin) if verdict == "can't tell" else None
    return replace(comparison, verdict=verdict, groups_needed=needed)
