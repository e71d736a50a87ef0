"""Wrong labels from out-of-fold probabilities, by what must agree over a person's photos. Pure arrays.

A label is doubted by Bayes: how likely are the features under another label, against this one, given how often labels
are wrong at all. That share is found from the data (expectation maximisation), after the idea of confident learning
(C. Northcutt et al., 2021), whose library is not used: its licence would bind those who use this one.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROUNDS = 50
_NEAR = 2.0
_LEAST, _MOST = 1e-4, 0.3


@dataclass(frozen=True)
class Doubt:
    """How likely each label (N,) is wrong, and which value (N,) is likeliest instead."""

    probability: Floats
    instead: Ints
    share: float  # of labels that are wrong


def doubt_labels(probabilities: Floats, labels: Ints, witnesses: float = 1.0) -> Doubt:
    """Doubt of categorical labels (N,) from calibrated out-of-fold probabilities (N, V) of the values.

    Args:
        probabilities: of each value, by a model that saw neither the person nor the label.
        labels: the labels' indices; -1 is unknown and never doubted.
        witnesses: how many independent looks one row stands for.
    """
    n_values = probabilities.shape[1]
    known = labels >= 0
    rows, own = np.arange(len(labels)), np.where(known, labels, 0)
    log_p = witnesses * np.log(np.clip(probabilities, 1e-9, 1))
    # Divided by the prior of each value: what the features say, whatever is common.
    prior = np.bincount(labels[known], minlength=n_values) / max(1, known.sum())
    evidence = log_p - witnesses * np.log(np.clip(prior, 1e-6, 1))[None]
    others = evidence.copy()
    others[rows, own] = -np.inf
    against = np.logaddexp.reduce(others, axis=1) - np.log(max(1, n_values - 1)) - evidence[rows, own]
    share, wrong = _share(against[known])
    probability = np.zeros(len(labels))
    probability[known] = wrong
    return Doubt(probability, others.argmax(axis=1), share)


def _share(against: Floats) -> tuple[float, Floats]:
    """The share of wrong labels, and each one's probability, from log likelihood ratios of wrong to right (N,)."""
    share = 0.02
    wrong = np.zeros_like(against)
    for _ in range(_ROUNDS):
        odds = np.log(share / (1 - share)) + against
        wrong = 1 / (1 + np.exp(-np.clip(odds, -60, 60)))
        after = float(np.clip(wrong.mean(), _LEAST, _MOST)) if len(wrong) else share
        if abs(after - share) < 1e-6:
            break
        share = after
    return share, wrong


def doubt_numbers(predicted: Floats, labels: Floats, boundaries_cap: float | None = None) -> Doubt:
    """Doubt of numbers (N,), such as ages, from out-of-fold predictions (N,).

    Right labels lie about the prediction with a spread found from the data; wrong ones anywhere that labels lie.

    Args:
        predicted: by a model that saw neither the person nor the label.
        labels: NaN where unknown.
        boundaries_cap: labels at this number mean `or more`: a higher prediction does not speak against them.
    """
    known = ~np.isnan(labels)
    residual = np.where(known, labels - predicted, 0.0)
    counted = known
    if boundaries_cap is not None:
        beyond = (labels >= boundaries_cap) & (residual < 0)
        residual, counted = np.where(beyond, 0.0, residual), known & ~beyond
    spread = max(1e-3, 1.4826 * float(np.median(np.abs(residual[counted])))) if counted.any() else 1.0
    span = max(1.0, float(np.ptp(labels[known]))) if known.any() else 1.0
    right = -0.5 * (residual / spread) ** 2 - np.log(spread * np.sqrt(2 * np.pi))
    share, wrong = _share(-np.log(span) - right[known])
    probability = np.zeros(len(labels))
    probability[known] = wrong
    # A number near what it looks like may be wrong too, but nobody could tell.
    probability[np.abs(residual) < _NEAR * spread] = 0.0
    return Doubt(probability, np.rint(predicted).astype(np.int64), share)


@dataclass(frozen=True)
class Swap:
    """Two photos of a person whose labels were exchanged."""

    first: int
    second: int
    probability: float
    gain: float  # log likelihood


def find_swaps(probabilities: Floats, labels: Ints, person_index: Ints, *, least: float = 0.05) -> list[Swap]:
    """Exchanged labels inside persons: two errors that mend each other, which is far likelier than two apart.

    Args:
        probabilities: calibrated, out-of-fold, of each value (N, V).
        labels: (N,), -1 unknown.
        person_index: whose photo each is (N,).
        least: swaps less likely than this are not told.
    """
    log_p = np.log(np.clip(probabilities, 1e-9, 1))
    candidates: list[tuple[int, int, float]] = []
    best_of: list[tuple[int, int, float]] = []
    for person in np.unique(person_index):
        rows = np.flatnonzero((person_index == person) & (labels >= 0))
        pairs = [(a, b) for a, b in combinations(rows.tolist(), 2) if labels[a] != labels[b]]
        if not pairs:
            continue
        one, two = np.array(pairs).T
        exchanged = log_p[one, labels[two]] + log_p[two, labels[one]]
        gains = (exchanged - log_p[one, labels[one]] - log_p[two, labels[two]]).tolist()
        top = int(np.argmax(gains))
        best_of.append((*pairs[top], gains[top]))
        # All its pairs together, each as likely as any other before looking.
        candidates.append((*pairs[top], float(np.logaddexp.reduce(gains) - np.log(len(pairs)))))
    if not candidates:
        return []
    _, wrong = _share(np.array([gain for _, _, gain in candidates]))
    return [
        Swap(first, second, float(p), gain)
        for (first, second, gain), p in zip(best_of, wrong, strict=True)
        if p >= least and gain > 0
    ]
