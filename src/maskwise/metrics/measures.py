"""The measures by name: how each turns labels and predictions into a statistic of groups, and its bounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.metrics.array_inputs import (
    Floats,
    Indices,
    check_probabilities,
    check_scores,
    encode_groups,
    encode_labels,
)
from maskwise.metrics.class_counts import CountStatistic, count_by_group, count_classes, counts_statistic
from maskwise.metrics.classification import accuracy, class_f1, macro_f1
from maskwise.metrics.expected_cost import cost_sums
from maskwise.metrics.interval import UnseenClasses
from maskwise.metrics.ordinal_agreement import quadratic_kappa
from maskwise.metrics.probability_scores import (
    calibration_error_of_sums,
    calibration_sums,
    log_loss_sums,
    mean_of_sums,
    soft_counts,
)
from maskwise.metrics.ranking_scores import (
    Curve,
    area_under_roc,
    average_precision,
    ranking_statistic,
    sensitivity_at,
)
from maskwise.metrics.rare_classes import rare_class_variance
from maskwise.metrics.resampling import GroupedStatistic

Needs = Literal["classes", "probabilities", "scores"]
UNSEEN_DEVIATION = 0.3
"""Standard deviation of the unknown F1 of a class without a labelled row: about that of a uniform number."""


@dataclass(frozen=True)
class Prepared:
    """Encoded labels, predictions and groups of the rows.

    Attributes:
        y_true: class indices (N,).
        prediction: class indices (N,), probabilities (N, C) or scores (N,), as the measure needs.
        groups: 0 to P - 1 (N,).
        classes: the class values in order (C,).
        multiplicity: for how many groups each group stands (P,): more than 1 where equal ones were merged.
    """

    y_true: Indices
    prediction: npt.NDArray[np.float64] | Indices
    groups: Indices
    classes: list[object]
    multiplicity: Floats

    @property
    def n_units(self) -> int:
        """P."""
        return len(self.multiplicity)

    @property
    def predicted(self) -> Indices:
        """The prediction as class indices (N,)."""
        return self.prediction.astype(np.int64)


@dataclass(frozen=True)
class Measure:
    """A way to score predictions.

    Attributes:
        name: such as `macro_f1`.
        needs: predicted `classes` (N,), `probabilities` (N, C), or binary `scores` (N,).
        higher_is_better: False for losses and costs.
        bounds: the least and greatest value, or None.
        statistic: builds the statistic of groups.
        unseen: the allowance for classes without a labelled row.
        paired_variance: what resampling can't see of the variance of a difference.
    """

    name: str
    needs: Needs
    higher_is_better: bool
    bounds: tuple[float, float] | None
    statistic: Callable[[Prepared], GroupedStatistic]
    unseen: Callable[[Prepared], UnseenClasses] = lambda prepared: UnseenClasses()
    paired_variance: Callable[[Prepared, Prepared], float] = lambda first, second: 0.0


def create_measure(name: str, *, specificity: float = 0.9, costs: npt.ArrayLike | None = None) -> Measure:
    """The measure of a name.

    Args:
        name: macro_f1, accuracy, quadratic_kappa (classes); soft_macro_f1, log_loss, calibration_error
            (probabilities); auroc, average_precision, sensitivity (binary scores); expected_cost (classes, `costs`).
        specificity: for `sensitivity`, the specificity at which it is read.
        costs: for `expected_cost`, the cost of deciding j where i is true (C, C), classes in sorted order.

    Raises:
        InputError: when there is no such measure, or an option is missing or out of range.
    """
    if name == "expected_cost":
        return _cost_measure(costs)
    if name == "sensitivity":
        if not 0 < specificity < 1:
            raise InputError(f"Expected specificity to be between 0 and 1, got {specificity!r}.")
        return _ranking("sensitivity", sensitivity_at(specificity))
    if name not in MEASURES:
        names = ", ".join([*MEASURES, "sensitivity", "expected_cost"])
        raise InputError(f"Expected the measure to be one of {names}, got {name!r}.")
    return MEASURES[name]


def prepare(
    measure: Measure,
    y_true: npt.ArrayLike,
    prediction: npt.ArrayLike,
    groups: npt.ArrayLike | None,
    labels: Sequence[object] | None,
    name: str = "y_pred",
) -> Prepared:
    """Check and encode the arrays that a measure is computed from.

    Args:
        measure: what will be computed.
        y_true: the labels (N,).
        prediction: what the measure needs: classes (N,), probabilities (N, C) in the order of the classes, or scores
            (N,) of the second of two classes.
        groups: the group of each row (N,); None when each row is a group of its own.
        labels: the classes in order; by default all values of the labels (and of the predicted classes), sorted.
        name: what messages call the prediction.

    Raises:
        InputError: when something does not fit together.
    """
    columns = {"y_true": y_true} | ({name: prediction} if measure.needs == "classes" else {})
    encoded, classes = encode_labels(columns, labels)
    truth = encoded["y_true"]
    n = len(truth)
    numbers, n_groups = encode_groups(groups, n)
    if measure.needs == "classes":
        checked: npt.NDArray[np.float64] | Indices = encoded[name]
    elif measure.needs == "probabilities":
        checked = check_probabilities(prediction, n, len(classes), name)
    elif len(classes) != 2:
        raise InputError(
            f"Expected y_true to have two classes for {measure.name}, got {len(classes)}: set one class against the "
            "rest, such as y_true == 'ill'."
        )
    else:
        checked = check_scores(prediction, n, name)
    return Prepared(truth, checked, numbers, classes, np.ones(n_groups))


def merge_equal_rows(*sides: Prepared) -> list[Prepared]:
    """Where each row is a group of its own, merge rows that agree in the label and in every predicted class.

    A million rows of 18 classes become at most 324 units, which makes resampling them quick. Other rows are returned
    as they are.
    """
    first = sides[0]
    n, n_classes = len(first.y_true), len(first.classes)
    classes_only = all(side.prediction.ndim == 1 and side.prediction.dtype == np.int64 for side in sides)
    if first.n_units < n or not classes_only:
        return list(sides)
    codes = first.y_true
    for side in sides:
        codes = codes * n_classes + side.predicted
    _, rows, counts = np.unique(codes, return_index=True, return_counts=True)
    units = np.arange(len(rows))
    return [
        replace(
            side,
            y_true=side.y_true[rows],
            prediction=side.prediction[rows],
            groups=units,
            multiplicity=counts.astype(np.float64),
        )
        for side in sides
    ]


def _class_counts(prepared: Prepared) -> Floats:
    n_classes = len(prepared.classes)
    return count_classes(prepared.y_true, prepared.predicted, prepared.groups, n_classes, prepared.n_units)


def _confusion_counts(prepared: Prepared) -> Floats:
    n = len(prepared.classes)
    cells = prepared.y_true * n + prepared.predicted
    return count_by_group(prepared.groups, prepared.n_units, cells, n * n)


def _of_counts(
    count: Callable[[Prepared], Floats], statistic: CountStatistic
) -> Callable[[Prepared], GroupedStatistic]:
    return lambda prepared: counts_statistic(statistic, count(prepared), prepared.multiplicity)


def _of_probabilities(
    sums: Callable[[Indices, Floats, Indices, int], Floats], statistic: CountStatistic
) -> Callable[[Prepared], GroupedStatistic]:
    def count(prepared: Prepared) -> Floats:
        probabilities = prepared.prediction.astype(np.float64, copy=False)
        return sums(prepared.y_true, probabilities, prepared.groups, prepared.n_units)

    return _of_counts(count, statistic)


def _unseen(prepared: Prepared) -> UnseenClasses:
    total = prepared.multiplicity @ _class_counts(prepared)
    n = len(prepared.classes)
    labelled = total[n : 2 * n] > 0
    n_unseen = int((~labelled).sum())
    mean = float(class_f1(total)[labelled].mean())
    return UnseenClasses(n_unseen * mean / n, n_unseen * (UNSEEN_DEVIATION / n) ** 2)


def _kappa(prepared: Prepared) -> GroupedStatistic:
    statistic = quadratic_kappa(len(prepared.classes))
    return counts_statistic(statistic, _confusion_counts(prepared), prepared.multiplicity)


def _ranking(name: str, curve: Curve) -> Measure:
    def build(prepared: Prepared) -> GroupedStatistic:
        scores = prepared.prediction.astype(np.float64, copy=False)
        return ranking_statistic(curve, prepared.y_true == 1, scores, prepared.groups, prepared.n_units)

    return Measure(name, "scores", True, (0.0, 1.0), build)


def _cost_measure(costs: npt.ArrayLike | None) -> Measure:
    if costs is None:
        raise InputError(
            "Expected costs for expected_cost: the cost of deciding j where i is true, as a table."
        )
    table = np.asarray(costs, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not np.isfinite(table).all():
        raise InputError(
            f"Expected costs to be a square table of finite numbers, got the shape {table.shape}."
        )

    def count(prepared: Prepared) -> Floats:
        if len(prepared.classes) != len(table):
            raise InputError(
                f"Expected costs for the {len(prepared.classes)} classes {prepared.classes}, got {len(table)} rows."
            )
        return cost_sums(table, prepared.y_true, prepared.predicted, prepared.groups, prepared.n_units)

    bounds = (float(table.min()), float(table.max()))
    return Measure("expected_cost", "classes", False, bounds, _of_counts(count, mean_of_sums))


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "macro_f1",
            "classes",
            True,
            (0.0, 1.0),
            _of_counts(_class_counts, macro_f1),
            _unseen,
            lambda a, b: rare_class_variance(_class_counts(a), _class_counts(b), a.multiplicity),
        ),
        Measure("accuracy", "classes", True, (0.0, 1.0), _of_counts(_class_counts, accuracy)),
        Measure("quadratic_kappa", "classes", True, (-1.0, 1.0), _kappa),
        Measure("soft_macro_f1", "probabilities", True, (0.0, 1.0), _of_probabilities(soft_counts, macro_f1)),
        Measure("log_loss", "probabilities", False, None, _of_probabilities(log_loss_sums, mean_of_sums)),
        Measure(
            "calibration_error",
            "probabilities",
            False,
            (0.0, 1.0),
            _of_probabilities(calibration_sums, calibration_error_of_sums),
        ),
        _ranking("auroc", area_under_roc),
        _ranking("average_precision", average_precision),
    )
}
"""Measures that take no options."""
