"""Label error detection: how likely each label is wrong, from out-of-fold predictions. Pure functions on arrays.

By Bayes' rule: how likely is another value, given the prediction and the share of labels that are wrong. That share is
estimated from the data together with a temperature that calibrates the model's probabilities to the true values (a
temperature fitted to the labels as they are, wrong ones included, would make the model look unsure). The idea is that
of confident learning (C. Northcutt et al., 2021); its library cleanlab is not used because its licence (AGPL) would
bind everybody who uses this one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit, logsumexp, softmax

from maskwise.models.tuned_decision import with_temperature

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_PROBABILITY, _TIMES_ERROR_RATE = 0.02, 1.5
"""Errors less likely than this, or hardly likelier than those of an average label, are not reported."""

_ITERATIONS = 50
_LEAST_DISTANCE = 2.0  # standard deviations between a number and its prediction below which it is not doubted
_MOST_WRONG = 0.3
_PRIOR_WRONG, _PRIOR_LABELS = 1.0, 50.0
"""A prior of one wrong label in fifty: with few labels the estimated share would otherwise fall to nothing."""

_OUTLYING = 3.0
_MAD_TO_DEVIATION = 1.4826


@dataclass(frozen=True)
class LabelErrors:
    """How likely each label (N,) is wrong, and which value (N,) is the likeliest instead."""

    probability: Floats
    suggested: Ints
    error_rate: float  # estimated share of labels that are wrong

    def worth_reporting(self) -> list[int]:
        """Labels that are likely enough wrong, and likelier than an average label."""
        least = max(LEAST_PROBABILITY, _TIMES_ERROR_RATE * self.error_rate)
        return np.flatnonzero(self.probability >= least).tolist()


def calibrate(probabilities: Floats, labels: Ints) -> Floats:
    """Out-of-fold probabilities (N, V) at the temperature that explains the labels (N,) best, some being wrong.

    Args:
        probabilities: of each value (N, V).
        labels: indices (N,); -1 is unknown.
    """
    known = labels >= 0
    if not known.any():
        return probabilities

    def loss(log_temperature: float) -> float:
        evidence = _evidence(with_temperature(probabilities[known], np.exp(log_temperature)), labels[known])
        rate, _ = _estimate_error_rate(evidence.log_ratio)
        likelihood = np.logaddexp(np.log1p(-rate), np.log(rate) + evidence.log_ratio) + evidence.log_label
        return -float(np.mean(likelihood))

    fitted = minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded")
    return with_temperature(probabilities, float(np.exp(fitted.x)))


@dataclass(frozen=True)
class _Evidence:
    """Evidence against labels (N,)."""

    log_ratio: Floats  # log likelihood ratio of a wrong to a right label
    log_label: Floats  # log-probability of the label
    suggested: Ints  # the likeliest other value


def _evidence(probabilities: Floats, labels: Ints) -> _Evidence:
    """Evidence against labels that are all known.

    A value that no label has is not considered: the model has seen no example of it.
    """
    occurs = np.bincount(labels, minlength=probabilities.shape[1]) > 0
    rows = np.arange(len(labels))
    log_p = np.log(np.clip(probabilities, 1e-9, 1))
    others = np.where(occurs[None], log_p, -np.inf)
    others[rows, labels] = -np.inf
    # A wrong label is taken to be any of the other values with equal probability.
    log_other = logsumexp(others, axis=1) - np.log(max(1, occurs.sum() - 1))
    return _Evidence(log_other - log_p[rows, labels], log_p[rows, labels], np.asarray(others.argmax(axis=1)))


def find_label_errors(probabilities: Floats, labels: Ints) -> LabelErrors:
    """Errors in categorical labels.

    Args:
        probabilities: calibrated out-of-fold probabilities of each value (N, V).
        labels: indices (N,); -1 is unknown and never an error.
    """
    known = labels >= 0
    probability, suggested = np.zeros(len(labels)), np.where(known, labels, 0)
    if len(np.unique(labels[known])) < 2:
        return LabelErrors(probability, suggested, 0.0)
    evidence = _evidence(probabilities[known], labels[known])
    rate, probability[known] = _estimate_error_rate(evidence.log_ratio)
    suggested[known] = evidence.suggested
    return LabelErrors(probability, suggested, rate)


def _estimate_error_rate(log_ratio: Floats) -> tuple[float, Floats]:
    """The share of wrong labels and each label's probability (N,) of being wrong, by expectation maximization.

    Args:
        log_ratio: log likelihood ratios of wrong to right (N,).
    """
    rate = _PRIOR_WRONG / _PRIOR_LABELS
    wrong = np.zeros_like(log_ratio)
    for _ in range(_ITERATIONS):
        wrong = expit(np.clip(logit(rate) + log_ratio, -60, 60))
        updated = min(_MOST_WRONG, float(wrong.sum() + _PRIOR_WRONG) / (len(wrong) + _PRIOR_LABELS))
        if abs(updated - rate) < 1e-6:
            break
        rate = updated
    return rate, wrong


def find_number_errors(predicted: Floats, labels: Floats, cap: float | None = None) -> LabelErrors:
    """Errors in numeric labels, such as ages.

    A regression shrinks its predictions towards the mean: it predicts too young an age for the old. So the question is
    how likely the prediction is for somebody with the label, compared with somebody with any other label of the data.

    Args:
        predicted: out-of-fold predictions (N,); NaN where there is none.
        labels: (N,); NaN where unknown.
        cap: labels at this number mean `or more`: a higher prediction is no evidence against them.
    """
    usable = ~np.isnan(labels) & ~np.isnan(predicted)
    nothing = LabelErrors(np.zeros(len(labels)), np.nan_to_num(labels).astype(np.int64), 0.0)
    if len(np.unique(labels[usable])) < 2:
        return nothing
    label, prediction = labels[usable], predicted[usable]
    slope, offset, spread = _robust_line(label, prediction)
    if slope <= 0:
        return nothing  # the predictions do not depend on the labels
    residual = prediction - (offset + slope * label)
    if cap is not None:
        residual = np.where((label >= cap) & (residual > 0), 0.0, residual)
    right = -0.5 * (residual / spread) ** 2
    # Any other label: those of the data, by their frequency.
    values, counts = np.unique(label, return_counts=True)
    distance = (prediction[:, None] - (offset + slope * values[None])) / spread
    others = np.where(label[:, None] == values[None], 0, counts[None])
    with np.errstate(divide="ignore"):
        of_values = np.log(others / others.sum(axis=1, keepdims=True)) - 0.5 * distance**2
    rate, wrong = _estimate_error_rate(logsumexp(of_values, axis=1) - right)
    # A number near its prediction may be wrong too, but the prediction can't show it.
    wrong = np.where(np.abs(residual) < _LEAST_DISTANCE * spread, 0.0, wrong)
    expected = softmax(of_values, axis=1) @ values
    probability, suggested = nothing.probability, nothing.suggested
    probability[usable], suggested[usable] = wrong, np.rint(expected).astype(np.int64)
    return LabelErrors(probability, suggested, rate)


def _robust_line(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Slope, offset and spread of y about a line in x, fitted three times, each time without the outliers."""
    keep = np.ones(len(x), dtype=bool)
    slope, offset, spread = 0.0, float(y.mean()), 1e-3
    for _ in range(3):
        if len(np.unique(x[keep])) < 2:
            break
        slope, offset = (float(v) for v in np.polyfit(x[keep], y[keep], 1))
        residual = y - (offset + slope * x)
        spread = max(1e-3, _MAD_TO_DEVIATION * float(np.median(np.abs(residual[keep]))))
        keep = np.abs(residual) < _OUTLYING * spread
    return slope, offset, spread


@dataclass(frozen=True)
class SwappedLabels:
    """Two photos of a person whose labels were exchanged."""

    first: int
    second: int
    probability: float
    gain: float  # in log likelihood, when the labels are exchanged back


def find_swapped_labels(
    probabilities: Floats, labels: Ints, person_index: Ints, *, least: float = 0.05
) -> list[SwappedLabels]:
    """Exchanged labels of two photos of a person: two errors with one cause, far likelier than two independent ones.

    Where a single wrong label explains a person's predictions better, no exchange is reported.

    Args:
        probabilities: calibrated out-of-fold probabilities of each value (N, V).
        labels: indices (N,); -1 is unknown.
        person_index: person of each photo (N,).
        least: exchanges less likely than this are not reported.
    """
    log_p = np.log(np.clip(probabilities, 1e-9, 1))
    order = np.argsort(person_index, kind="stable")
    order = order[labels[order] >= 0]
    of_persons = np.split(order, np.flatnonzero(np.diff(person_index[order])) + 1)
    best: list[tuple[int, int, float, float]] = []
    evidence: list[float] = []
    n_pairs = 0
    for rows in of_persons:
        one, two = (rows[side] for side in np.triu_indices(len(rows), 1))
        differ = labels[one] != labels[two]
        one, two = one[differ], two[differ]
        if not len(one):
            continue
        gain_one = log_p[one, labels[two]] - log_p[one, labels[one]]
        gain_two = log_p[two, labels[one]] - log_p[two, labels[two]]
        gains, weaker = gain_one + gain_two, np.minimum(gain_one, gain_two)
        top = int(np.argmax(gains))
        best.append((int(one[top]), int(two[top]), float(gains[top]), float(weaker[top])))
        n_pairs += len(gains)
        # All pairs of the person together, equally likely a priori.
        evidence.append(float(logsumexp(gains) - np.log(len(gains))))
    if not best:
        return []
    _, exchanged = _estimate_error_rate(np.array(evidence))
    least_gain = _least_gain(probabilities[order], labels[order], float(exchanged.sum()), n_pairs)
    return [
        SwappedLabels(first, second, float(p), gain)
        for (first, second, gain, weaker), p in zip(best, exchanged, strict=True)
        if p >= least and gain > 0 and weaker > least_gain
    ]


def _least_gain(probabilities: Floats, labels: Ints, n_swaps: float, n_pairs: int) -> float:
    """The least gain of the weaker photo of an exchange for which one wrong label is not the better explanation."""
    _, wrong = _estimate_error_rate(_evidence(probabilities, labels).log_ratio)
    single = max(0.5, float(wrong.sum()) - 2 * n_swaps) / len(labels) / max(1, probabilities.shape[1] - 1)
    return float(np.log(single) - np.log(max(0.5, n_swaps) / n_pairs))
