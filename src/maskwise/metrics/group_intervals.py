"""A score of anybody's predictions with its confidence interval, groups being the units."""

from collections.abc import Sequence

import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.metrics.interval import Interval, check_level, score_limits
from maskwise.metrics.measures import Measure, create_measure, merge_equal_rows, prepare
from maskwise.metrics.resampling import resample

DRAWS = 2000


def macro_f1_interval(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None,
    labels: Sequence[object] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Macro F1 with its confidence interval, for rows that come in groups such as several photos per patient.

    The value is `sklearn.metrics.f1_score(y_true, y_pred, labels=labels, average="macro", zero_division=0)`.

    Args:
        y_true: labels (N,), integers or strings.
        y_pred: predicted labels (N,), of the same type.
        groups: the group of each row (N,); rows of one group are not independent of each other. None says that each
            row is a group of its own.
        labels: the classes; by default those in either array. A declared class without a row counts 0, in each
            bootstrap draw too; the interval allows for its F1 being unknown.
        level: the share of data sets whose interval should hold the true value.
        draws: bootstrap draws of groups.
        seed: of the draws.

    Raises:
        InputError: when the arrays do not fit together.

    Examples:
        >>> macro_f1_interval(["a", "b", "b", "a"], ["a", "b", "a", "a"], groups=[1, 1, 2, 3]).value
        0.7333333333333334
    """
    return score_interval(
        "macro_f1", y_true, y_pred, groups=groups, labels=labels, level=level, draws=draws, seed=seed
    )


def score_interval(
    measure: str | Measure,
    y_true: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None,
    labels: Sequence[object] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """Any measure with its confidence interval.

    Args:
        measure: its name, or what `create_measure` gives where it takes options.
        y_true: labels (N,).
        prediction: predicted classes (N,), probabilities (N, C) or binary scores (N,), as the measure needs.
        groups: the group of each row (N,); None says that each row is a group of its own.
        labels: the classes in order.
        level: the share of data sets whose interval should hold the true value.
        draws: bootstrap draws of groups.
        seed: of the draws.

    Raises:
        InputError: when there is no such measure, or the arrays do not fit together.
    """
    chosen = create_measure(measure) if isinstance(measure, str) else measure
    check_level(level)
    check_draws(draws)
    (prepared,) = merge_equal_rows(prepare(chosen, y_true, prediction, groups, labels))
    resampled = resample(chosen.statistic(prepared), draws=draws, seed=seed)
    (interval,) = score_limits(resampled, level=level, bounds=chosen.bounds, unseen=chosen.unseen(prepared))
    return interval


def check_draws(draws: int) -> None:
    """Check a number of bootstrap draws.

    Raises:
        InputError: when there are fewer than 100.
    """
    if draws < 100:
        raise InputError(f"Expected at least 100 draws, got {draws}.")
