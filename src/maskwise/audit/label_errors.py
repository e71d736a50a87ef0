"""Wrong labels from out-of-fold predictions, by what must agree over a person's photos. Pure arrays.

A label is doubted by Bayes: how likely is another value, given the features and how often labels are wrong at all. That
share is found from the data together with the temperature that makes the model's probabilities those of the true values
(fitted to labels as they are, wrong ones would make it look unsure), after the idea of confident learning (C. Northcutt
et al., 2021), whose library is not used: its licence would bind those who use this one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from maskwise.models.tuned_decision import with_temperature

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROUNDS = 50
_NEAR = 2.0
_MOST = 0.3
_EXPECTED, _LOOKS = 1.0, 50.0
"""Before looking, one wrong label is expected in fifty: with few labels the share found would else fall to nothing."""

_OUTLYING = 3.0


@dataclass(frozen=True)
class Doubt:
    """How likely each label (N,) is wrong, and which value (N,) is likeliest instead."""

    probability: Floats
    instead: Ints
    share: float  # of labels that are wrong


def calibrate(probabilities: Floats, labels: Ints) -> Floats:
    """Out-of-fold probabilities (N, V) at the temperature that explains the labels (N,), some of them being wrong."""
    known = labels >= 0
    if not known.any():
        return probabilities

    def loss(log_temperature: float) -> float:
        against = _against(with_temperature(probabilities[known], np.exp(log_temperature)), labels[known])
        share, _ = _share(against.log_ratio)
        return -float(
            np.mean(np.logaddexp(np.log1p(-share), np.log(share) + against.log_ratio) + against.own)
        )

    fitted = minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded")
    return with_temperature(probabilities, float(np.exp(fitted.x)))


@dataclass(frozen=True)
class _Against:
    """How much (N,) speaks against labels, as a log ratio, the log-probability of the label, and what is likeliest."""

    log_ratio: Floats
    own: Floats
    instead: Ints


def _against(probabilities: Floats, labels: Ints) -> _Against:
    """Of labels that are all known; a value that no label has is no alternative: nobody has shown how it looks."""
    occurs = np.bincount(labels, minlength=probabilities.shape[1]) > 0
    rows = np.arange(len(labels))
    log_p = np.log(np.clip(probabilities, 1e-9, 1))
    others = np.where(occurs[None], log_p, -np.inf)
    others[rows, labels] = -np.inf
    # A wrong label is taken to be any of the others, as likely as each other.
    log_ratio = np.logaddexp.reduce(others, axis=1) - np.log(max(1, occurs.sum() - 1)) - log_p[rows, labels]
    return _Against(log_ratio, log_p[rows, labels], np.asarray(others.argmax(axis=1)))


def doubt_labels(probabilities: Floats, labels: Ints) -> Doubt:
    """Doubt of categorical labels (N,) from calibrated out-of-fold probabilities (N, V) of the values.

    Args:
        probabilities: of each value, by a model that saw neither the person nor the label.
        labels: the labels' indices; -1 is unknown and never doubted.
    """
    known = labels >= 0
    probability, instead = np.zeros(len(labels)), np.where(known, labels, 0)
    if len(np.unique(labels[known])) < 2:
        return Doubt(probability, instead, 0.0)
    against = _against(probabilities[known], labels[known])
    share, probability[known] = _share(against.log_ratio)
    instead[known] = against.instead
    return Doubt(probability, instead, share)


def _share(against: Floats) -> tuple[float, Floats]:
    """The share of wrong labels, and each one's probability, from log likelihood ratios of wrong to right (N,)."""
    share = _EXPECTED / _LOOKS
    wrong = np.zeros_like(against)
    for _ in range(_ROUNDS):
        odds = np.log(share / (1 - share)) + against
        wrong = 1 / (1 + np.exp(-np.clip(odds, -60, 60)))
        after = min(_MOST, float(wrong.sum() + _EXPECTED) / (len(wrong) + _LOOKS))
        if abs(after - share) < 1e-6:
            break
        share = after
    return share, wrong


def doubt_numbers(predicted: Floats, labels: Floats, cap: float | None = None) -> Doubt:
    """Doubt of numbers (N,), such as ages, from out-of-fold predictions (N,).

    A regression draws its predictions towards the mean, so the old look young to it. What is asked is therefore how
    likely the prediction is for somebody with the label, against somebody with any other label of the data.

    Args:
        predicted: by a model that saw neither the person nor the label; NaN where there is none.
        labels: NaN where unknown.
        cap: labels at this number mean `or more`: a higher prediction does not speak against them.
    """
    usable = ~np.isnan(labels) & ~np.isnan(predicted)
    nothing = Doubt(np.zeros(len(labels)), np.nan_to_num(labels).astype(np.int64), 0.0)
    if len(np.unique(labels[usable])) < 2:
        return nothing
    own, said = labels[usable], predicted[usable]
    slope, offset, spread = _line_without_outliers(own, said)
    if slope <= 0:
        return nothing  # the features say nothing about it
    residual = said - (offset + slope * own)
    if cap is not None:
        residual = np.where((own >= cap) & (residual > 0), 0.0, residual)
    right = -0.5 * (residual / spread) ** 2
    # Any other label: those that occur, as often as they do.
    values, counts = np.unique(own, return_counts=True)
    distance = (said[:, None] - (offset + slope * values[None])) / spread
    others = np.where(own[:, None] == values[None], 0, counts[None])
    with np.errstate(divide="ignore"):
        of_values = np.log(others / others.sum(axis=1, keepdims=True)) - 0.5 * distance**2
    share, wrong = _share(np.logaddexp.reduce(of_values, axis=1) - right)
    # A number near what it looks like may be wrong too, but nobody could tell.
    wrong = np.where(np.abs(residual) < _NEAR * spread, 0.0, wrong)
    posterior = np.exp(of_values - of_values.max(axis=1, keepdims=True))
    likeliest = (posterior * values[None]).sum(axis=1) / posterior.sum(axis=1)
    probability, instead = nothing.probability, nothing.instead
    probability[usable], instead[usable] = wrong, np.rint(likeliest).astype(np.int64)
    return Doubt(probability, instead, share)


def _line_without_outliers(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Slope, offset and spread of y about a line in x, fitted again without what lies far from it."""
    keep = np.ones(len(x), dtype=bool)
    slope, offset, spread = 0.0, float(y.mean()), 1e-3
    for _ in range(3):
        if len(np.unique(x[keep])) < 2:
            break
        slope, offset = (float(v) for v in np.polyfit(x[keep], y[keep], 1))
        residual = y - (offset + slope * x)
        spread = max(1e-3, 1.4826 * float(np.median(np.abs(residual[keep]))))
        keep = np.abs(residual) < _OUTLYING * spread
    return slope, offset, spread


@dataclass(frozen=True)
class Swap:
    """Two photos of a person whose labels were exchanged."""

    first: int
    second: int
    probability: float
    gain: float  # log likelihood


def find_swaps(probabilities: Floats, labels: Ints, person_index: Ints, *, least: float = 0.05) -> list[Swap]:
    """Exchanged labels inside persons: two errors that mend each other, which is far likelier than two apart.

    Where one photo alone being wrong explains a person better, no exchange is told.

    Args:
        probabilities: calibrated, out-of-fold, of each value (N, V).
        labels: (N,), -1 unknown.
        person_index: whose photo each is (N,).
        least: swaps less likely than this are not told.
    """
    log_p = np.log(np.clip(probabilities, 1e-9, 1))
    order = np.argsort(person_index, kind="stable")
    order = order[labels[order] >= 0]
    of_persons = np.split(order, np.flatnonzero(np.diff(person_index[order])) + 1)
    best: list[tuple[int, int, float, float]] = []
    together: list[float] = []
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
        # All its pairs together, each as likely as any other before looking.
        together.append(float(np.logaddexp.reduce(gains) - np.log(len(gains))))
    if not best:
        return []
    _, wrong = _share(np.array(together))
    bar = _bar_of_a_single_error(probabilities[order], labels[order], float(wrong.sum()), n_pairs)
    return [
        Swap(first, second, float(p), gain)
        for (first, second, gain, weaker), p in zip(best, wrong, strict=True)
        if p >= least and gain > 0 and weaker > bar
    ]


def _bar_of_a_single_error(probabilities: Floats, labels: Ints, n_swaps: float, n_pairs: int) -> float:
    """What the weaker photo of an exchange must say for it, so that the stronger one alone is no better explanation."""
    _, wrong = _share(_against(probabilities, labels).log_ratio)
    single = max(0.5, float(wrong.sum()) - 2 * n_swaps) / len(labels) / max(1, probabilities.shape[1] - 1)
    return float(np.log(single) - np.log(max(0.5, n_swaps) / n_pairs))
