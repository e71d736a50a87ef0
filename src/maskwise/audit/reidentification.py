"""Re-identification: which two names may be one person, ranked, with the false discovery rate of the list.

Features are compared in a space in which variation inside a person (light, pose, a mask) has little weight: whitened by
the within-person scatter, as in linear discriminant analysis. Every person has a nearest neighbour, so pairs are ranked
by how much nearer the nearest person is than the second nearest (as in the ratio test of D. Lowe, 2004), seen from both
sides. In an exponential tail this margin is exponentially distributed (A. Renyi, 1953), which gives the number of such
pairs to expect by chance.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression
from scipy.stats import false_discovery_control

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_PERSONS = 30_000
"""Every person is compared with every other, so that the time grows with the square."""

FEWEST_PERSONS = 50
"""With fewer persons the distribution of margins by chance can't be estimated from the data."""

_DIRECTIONS = 128
_BLOCK = 2048
_SHRINKAGE = 0.1
_STRANGERS = 1.5
"""The median margin of other data is by chance at most so many times that of the data's own persons."""


@dataclass(frozen=True)
class PersonMatch:
    """Two persons who may be one, and how likely that is."""

    first: int
    second: int
    similarity: float  # cosine
    margin: float  # how much nearer than the second nearest; pairs are ranked by it
    q_value: float  # false discovery rate of the list down to this pair
    probability: float  # of this pair: one minus its local false discovery rate


def match_persons(features: npt.NDArray[np.float32], persons: Ints) -> list[PersonMatch]:
    """Pairs of persons of one data set, likeliest first; every person is in one pair at most.

    Args:
        features: of the photos (N, F).
        persons: person of each photo (N,), numbered 0 to P - 1, each with a photo; FEWEST_PERSONS to MOST_PERSONS.
    """
    space = _PersonSpace.fit(features, persons)
    if space is None:
        return []
    embeddings = space.embed(features, persons)
    nearest, second, which = _nearest_two(embeddings, embeddings, same=True)
    own = np.arange(len(embeddings))
    margin = _margin(nearest, second)
    first = np.flatnonzero((which[which] == own) & (own < which))
    mutual = np.minimum(margin[first], margin[which[first]])
    order = np.argsort(-mutual, kind="stable")
    first, margins = first[order], mutual[order]
    if not len(margins):
        return []
    p_values = _p_values(margins)
    return [
        PersonMatch(int(k), int(which[k]), float(nearest[k]), float(margin), float(q), 1 - float(local))
        for k, margin, q, local in zip(
            first, margins, _q_values(p_values), _local_false_discovery_rates(p_values), strict=True
        )
    ]


def match_persons_across(
    features: npt.NDArray[np.float32],
    persons: Ints,
    other_features: npt.NDArray[np.float32],
    others: Ints,
) -> list[PersonMatch]:
    """For each person of other data the likeliest person of these: `first` by `persons`, `second` by `others`.

    Matched from the other data's side only: where its persons are unknown each photo counts as a person, and several
    photos may be of the same person. Likeliest first.

    Args:
        features: of the photos (N, F).
        persons: person of each photo (N,), numbered 0 to P - 1, each with a photo; FEWEST_PERSONS to MOST_PERSONS.
        other_features: of the other data's photos (M, F).
        others: person of each of those (M,), numbered 0 to Q - 1, each with a photo.
    """
    space = _PersonSpace.fit(features, persons)
    if space is None or not len(others):
        return []
    embeddings = space.embed(features, persons)
    nearest, second, which = _nearest_two(space.embed(other_features, others), embeddings, same=False)
    margin = _margin(nearest, second)
    order = np.argsort(-margin, kind="stable")
    # Other data may hold mostly known persons, so their median margin is bounded by that of these persons.
    own_margin = _margin(*_nearest_two(embeddings, embeddings, same=True)[:2])
    p_values = _p_values(margin[order], most=_STRANGERS * float(np.median(own_margin)))
    return [
        PersonMatch(int(which[k]), int(k), float(nearest[k]), float(margin[k]), float(q), 1 - float(local))
        for k, q, local in zip(
            order, _q_values(p_values), _local_false_discovery_rates(p_values), strict=True
        )
    ]


@dataclass(frozen=True)
class _PersonSpace:
    """A linear map of features (F) to D directions in which photos of one person lie close together."""

    mean: Floats  # (F,)
    directions: Floats  # (F, D)
    centre: Floats  # (D,)

    @classmethod
    def fit(cls, features: npt.NDArray[np.float32], persons: Ints) -> "_PersonSpace | None":
        """The principal directions, whitened by the within-person scatter; None where all photos are alike."""
        n_persons = int(persons.max(initial=-1)) + 1
        mean = features.mean(axis=0, dtype=np.float64)
        products = np.zeros((features.shape[1], features.shape[1]))
        for start in range(0, len(features), _BLOCK):
            block = features[start : start + _BLOCK] - mean
            products += block.T @ block
        values, vectors = np.linalg.eigh(products)
        kept = min(_DIRECTIONS, int((values > max(1e-9 * values[-1], 1e-12)).sum()), n_persons - 1)
        if kept < 1:
            return None
        directions = vectors[:, -kept:]
        scores = _project(features, mean, directions)
        means = _person_means(scores, persons)
        if len(features) > n_persons:
            inside = scores - means[persons]
            scatter = inside.T @ inside / (len(features) - n_persons)
            # With few photos per person the scatter is estimated badly: shrink it towards an isotropic one.
            scatter += _SHRINKAGE * np.trace(scatter) / kept * np.eye(kept)
            spreads, axes = np.linalg.eigh(scatter)
            whitening = axes / np.sqrt(spreads)
        else:
            whitening = np.diag(1 / (means.std(axis=0) + 1e-12))
        return cls(mean, directions @ whitening, (means @ whitening).mean(axis=0))

    def embed(self, features: npt.NDArray[np.float32], persons: Ints) -> Floats:
        """Unit vectors (P, D) of the persons: the directions of their mean photos."""
        means = _person_means(_project(features, self.mean, self.directions), persons) - self.centre
        return np.asarray(means / (np.linalg.norm(means, axis=1, keepdims=True) + 1e-12))


def _project(features: npt.NDArray[np.float32], mean: Floats, directions: Floats) -> Floats:
    """Features (N, F) along directions (F, D), in blocks: all of them in double precision need much memory."""
    blocks = [features[start : start + _BLOCK] for start in range(0, len(features), _BLOCK)]
    return np.concatenate([(block - mean) @ directions for block in blocks])


def _person_means(scores: Floats, persons: Ints) -> Floats:
    counts = np.bincount(persons)
    sums = np.stack([np.bincount(persons, weights=column) for column in scores.T], axis=1)
    return np.asarray(sums / counts[:, None])


def _nearest_two(embeddings: Floats, others: Floats, *, same: bool) -> tuple[Floats, Floats, Ints]:
    """Similarity (P,) to the nearest and to the second nearest of others (Q, D), and which is the nearest.

    Args:
        embeddings: unit vectors (P, D).
        others: unit vectors (Q, D).
        same: whether both are the same persons, so that a person is not its own neighbour.
    """
    n = len(embeddings)
    nearest, second, which = np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    for start in range(0, n, _BLOCK):
        block = np.arange(start, min(n, start + _BLOCK))
        similarity = embeddings[block] @ others.T
        if same:
            similarity[np.arange(len(block)), block] = -np.inf
        which[block] = similarity.argmax(axis=1)
        top = np.partition(similarity, len(others) - 2, axis=1)[:, -2:]
        second[block], nearest[block] = top[:, 0], top[:, 1]
    return nearest, second, which


def _margin(nearest: Floats, second: Floats) -> Floats:
    return np.asarray(np.arctanh(np.minimum(nearest, 1 - 1e-9)) - np.arctanh(np.minimum(second, 1 - 1e-9)))


def _p_values(margins: Floats, most: float = np.inf) -> Floats:
    """The probability (M,) of at least such a margin by chance, for falling margins (M,).

    The scale of the exponential distribution is that of the median pair: true pairs are few and hardly move it.

    Args:
        margins: of the pairs (M,).
        most: an upper bound on the median by chance, where true pairs may be many.
    """
    scale = max(1e-9, min(float(np.median(margins)), most) / np.log(2))
    return np.asarray(np.exp(-margins / scale))


def _q_values(p_values: Floats) -> Floats:
    """False discovery rate of the list down to each pair (M,).

    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995.
    """
    return np.asarray(false_discovery_control(p_values))


def _local_false_discovery_rates(p_values: Floats) -> Floats:
    """The probability (M,) that each pair is chance, rising down the list.

    A local false discovery rate with a monotone density (K. Strimmer, "A unified approach to false discovery rate
    estimation", 2008): the number of pairs expected by chance between neighbouring pairs, pooled so that it rises.
    """
    expected = len(p_values) * p_values
    between = np.diff(expected, prepend=0.0)
    between[:1] += 0.5  # no pair is above the first: if it were chance, this much would be expected there
    return np.asarray(np.minimum(1.0, isotonic_regression(between).x))
