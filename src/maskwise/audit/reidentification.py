"""One person under two names: a ranked list of pairs, with the share of it that chance alone would have put there.

Features are compared in a space in which what varies inside a person (light, pose, a mask) counts for little: whitened
by the scatter inside persons, as in linear discriminant analysis. Somebody always is the nearest, so what counts is by
how much the nearest person is nearer than the second nearest (as in the ratio test of D. Lowe, 2004), seen from both
sides. In a tail that falls exponentially that distance is exponential too (A. Renyi, 1953), which tells how many such
pairs chance makes.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_PERSONS = 30_000
"""Every person is compared with every other, so that the time grows with the square."""

FEWEST_PERSONS = 50
"""With fewer, what chance does can't be read off the data."""

_DIRECTIONS = 128
_BLOCK = 2048
_SHRINKAGE = 0.1
_STRANGERS = 1.5
"""So many times larger than those of the data's own persons margins of other data may be by chance."""


@dataclass(frozen=True)
class SamePerson:
    """Two persons who look like one, and how far to trust that."""

    first: int
    second: int
    similarity: float  # cosine
    margin: float  # how much nearer than the second nearest: by this they are ranked
    error: float  # the share of the list down to here that chance explains
    probability: float  # of this pair alone: the error is held down by the pairs above it


def same_persons(features: npt.NDArray[np.float32], persons: Ints) -> list[SamePerson]:
    """Pairs of persons, the likeliest first; every person stands in one pair at the most.

    Args:
        features: of the photos (N, F).
        persons: whose photo each is (N,), numbered 0 to P - 1, each with a photo; FEWEST_PERSONS to MOST_PERSONS.
    """
    space = _Space.of(features, persons)
    if space is None:
        return []
    looks = space.looks(features, persons)
    nearest, second, which = _neighbours(looks, looks, itself=True)
    own = np.arange(len(looks))
    margin = _margin(nearest, second)
    first = np.flatnonzero((which[which] == own) & (own < which))
    seen_from_both = np.minimum(margin[first], margin[which[first]])
    order = np.argsort(-seen_from_both, kind="stable")
    first, margins = first[order], seen_from_both[order]
    if not len(margins):
        return []
    by_chance = _expected(margins)
    return [
        SamePerson(int(k), int(which[k]), float(nearest[k]), float(above), float(error), 1 - float(local))
        for k, above, error, local in zip(
            first, margins, _error_rates(by_chance), _local_rates(by_chance), strict=True
        )
    ]


def known_persons(
    features: npt.NDArray[np.float32],
    persons: Ints,
    other_features: npt.NDArray[np.float32],
    others: Ints,
) -> list[SamePerson]:
    """Who of other data is a person of these: `first` by `persons`, `second` by `others`, the likeliest first.

    Seen from the other data's side alone: where its persons are unknown each photo counts as one, and several of them
    may be of the same person.

    Args:
        features: of the photos (N, F).
        persons: whose photo each is (N,), numbered 0 to P - 1, each with a photo; FEWEST_PERSONS to MOST_PERSONS.
        other_features: of the other data's photos (M, F).
        others: whose photo each of those is (M,), numbered 0 to Q - 1, each with a photo.
    """
    space = _Space.of(features, persons)
    if space is None or not len(others):
        return []
    looks = space.looks(features, persons)
    nearest, second, which = _neighbours(space.looks(other_features, others), looks, itself=False)
    margin = _margin(nearest, second)
    order = np.argsort(-margin, kind="stable")
    # Other data may hold hardly anybody but known persons: strangers are to each other as these persons are.
    strangers = _margin(*_neighbours(looks, looks, itself=True)[:2])
    by_chance = _expected(margin[order], most=_STRANGERS * float(np.median(strangers)))
    return [
        SamePerson(int(which[k]), int(k), float(nearest[k]), float(margin[k]), float(error), 1 - float(local))
        for k, error, local in zip(order, _error_rates(by_chance), _local_rates(by_chance), strict=True)
    ]


@dataclass(frozen=True)
class _Space:
    """Where features (F) of one person lie close together: a linear map to D directions, and its centre."""

    mean: Floats
    directions: Floats  # (F, D)
    centre: Floats  # (D,)

    @classmethod
    def of(cls, features: npt.NDArray[np.float32], persons: Ints) -> "_Space | None":
        """The principal directions of photos, whitened by the scatter inside persons; None where all look the same."""
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
        scores = _scores(features, mean, directions)
        means = _means(scores, persons)
        if len(features) > n_persons:
            inside = scores - means[persons]
            scatter = inside.T @ inside / (len(features) - n_persons)
            # With few photos a person the scatter is known badly: drawn towards one that is alike in all directions.
            scatter += _SHRINKAGE * np.trace(scatter) / kept * np.eye(kept)
            spreads, axes = np.linalg.eigh(scatter)
            whitening = axes / np.sqrt(spreads)
        else:
            whitening = np.diag(1 / (means.std(axis=0) + 1e-12))
        return cls(mean, directions @ whitening, (means @ whitening).mean(axis=0))

    def looks(self, features: npt.NDArray[np.float32], persons: Ints) -> Floats:
        """Unit vectors (P, D) of the means over persons."""
        means = _means(_scores(features, self.mean, self.directions), persons) - self.centre
        return np.asarray(means / (np.linalg.norm(means, axis=1, keepdims=True) + 1e-12))


def _scores(features: npt.NDArray[np.float32], mean: Floats, directions: Floats) -> Floats:
    """Features (N, F) along directions (F, D), a block at a time: all of them in double precision are large."""
    blocks = [features[start : start + _BLOCK] for start in range(0, len(features), _BLOCK)]
    return np.concatenate([(block - mean) @ directions for block in blocks])


def _means(scores: Floats, persons: Ints) -> Floats:
    counts = np.bincount(persons)
    sums = np.stack([np.bincount(persons, weights=column) for column in scores.T], axis=1)
    return np.asarray(sums / counts[:, None])


def _neighbours(looks: Floats, others: Floats, *, itself: bool) -> tuple[Floats, Floats, Ints]:
    """Similarity (P,) to the nearest and the second nearest of others (Q, D), and which is the nearest.

    Args:
        looks: unit vectors (P, D).
        others: unit vectors (Q, D).
        itself: whether they are the same, and nobody is a neighbour of itself.
    """
    n = len(looks)
    nearest, second, which = np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    for start in range(0, n, _BLOCK):
        block = np.arange(start, min(n, start + _BLOCK))
        alike = looks[block] @ others.T
        if itself:
            alike[np.arange(len(block)), block] = -np.inf
        which[block] = alike.argmax(axis=1)
        top = np.partition(alike, len(others) - 2, axis=1)[:, -2:]
        second[block], nearest[block] = top[:, 0], top[:, 1]
    return nearest, second, which


def _margin(nearest: Floats, second: Floats) -> Floats:
    return np.asarray(np.arctanh(np.minimum(nearest, 1 - 1e-9)) - np.arctanh(np.minimum(second, 1 - 1e-9)))


def _expected(margins: Floats, most: float = np.inf) -> Floats:
    """How many pairs chance puts above each margin (M,), margins falling.

    The scale of chance is that of the median pair: true pairs are few, so that they hardly move it.

    Args:
        margins: of the pairs (M,).
        most: what the median is by chance at the most, where true pairs may be many.
    """
    scale = max(1e-9, min(float(np.median(margins)), most) / np.log(2))
    return np.asarray(len(margins) * np.exp(-margins / scale))


def _error_rates(by_chance: Floats) -> Floats:
    """The share of the pairs down to each (M,) that chance explains, or less further down: a q-value.

    After J. Storey, "A direct approach to false discovery rates", 2002.
    """
    rates = np.minimum(1.0, by_chance / np.arange(1, len(by_chance) + 1))
    return np.asarray(np.minimum.accumulate(rates[::-1])[::-1])


def _local_rates(by_chance: Floats) -> Floats:
    """The share of the pairs about as far apart as each (M,) that chance explains, rising down the list.

    A local false discovery rate with a monotone density (K. Strimmer, "A unified approach to false discovery rate
    estimation", 2008): pairs expected by chance between one pair and the next, pooled so that they rise.
    """
    between = np.diff(by_chance, prepend=0.0)
    between[:1] += 0.5  # nobody stands above the first pair: were it chance, so much would be expected there
    return np.asarray(np.minimum(1.0, isotonic_regression(between).x))
