"""Resampling of groups: the draws, delete-one values and degrees of freedom that intervals are made from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from maskwise.metrics.array_inputs import Floats
from maskwise.randomness import keyed_generator

_BLOCK = 4_000_000  # weights in memory at a time: 32 MB
_MOST_LEFT_OUT = 1000
_JACKKNIFE_BLOCKS = 500
FEWEST_FREEDOM = 5.0
"""Fewer degrees of freedom would make intervals of absurd width out of one single mistake."""


@dataclass(frozen=True)
class GroupedStatistic:
    """Values that depend on how often each unit counts.

    Attributes:
        weighted: from weights (B, U) of the units to values (B, K); NaN where a value is undefined.
        multiplicity: for how many groups each unit stands (U,): 1 where units are groups, more where equal groups
            were merged.
    """

    weighted: Callable[[Floats], Floats]
    multiplicity: Floats

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return int(self.multiplicity.sum())


@dataclass(frozen=True)
class Resampled:
    """K values with what resampling says of them.

    Attributes:
        value: the values of all groups (K,).
        drawn: the values in each bootstrap draw of groups (D, K).
        freedom: degrees of freedom of the standard error (K,).
        n_groups: how many groups there are.
    """

    value: Floats
    drawn: Floats
    freedom: Floats
    n_groups: int

    @property
    def standard_error(self) -> Floats:
        """Standard deviation over the draws (K,), corrected for drawing from G groups instead of the population."""
        if self.n_groups < 2:
            return np.full(len(self.value), np.nan)
        return np.asarray(_over_draws(np.nanstd, self.drawn)) * float(
            np.sqrt(self.n_groups / (self.n_groups - 1))
        )

    @property
    def bias(self) -> Floats:
        """How far the draws lie above the value on average (K,)."""
        return np.asarray(_over_draws(np.nanmean, self.drawn)) - self.value


def resample(statistic: GroupedStatistic, *, draws: int, seed: int) -> Resampled:
    """Bootstrap a statistic over groups, and estimate the degrees of freedom by leaving groups out.

    The degrees of freedom are Satterthwaite's: few where few groups carry most of the variance, as with rare classes.

    Args:
        statistic: what to resample.
        draws: the number of bootstrap draws.
        seed: of the draws; equal seeds and numbers of groups give equal draws.
    """
    value = statistic.weighted(statistic.multiplicity[None])[0]
    drawn = [statistic.weighted(weights) for weights in group_weights(statistic.multiplicity, draws, seed)]
    return Resampled(value, np.concatenate(drawn), _freedom(statistic), statistic.n_groups)


def group_weights(multiplicity: Floats, draws: int, seed: int) -> Iterator[Floats]:
    """Blocks (B, U) of how often each unit comes up when as many groups as there are get drawn with replacement."""
    n_units, n_groups = len(multiplicity), int(multiplicity.sum())
    generator = keyed_generator(seed, "bootstrap", n_groups, draws)
    rows = max(1, _BLOCK // n_units)
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        if n_units < n_groups:
            yield generator.multinomial(n_groups, multiplicity / n_groups, size=size).astype(np.float64)
            continue
        picks = generator.integers(0, n_units, size=(size, n_units), dtype=np.int64)
        picks += np.arange(size)[:, None] * n_units
        counted = np.bincount(picks.ravel(), minlength=size * n_units)
        yield counted.reshape(size, n_units).astype(np.float64)


def _freedom(statistic: GroupedStatistic) -> Floats:
    """Satterthwaite's degrees of freedom (K,) of a variance that is a sum of squares over groups.

    With more than 1,000 groups, blocks of them are left out instead of single ones.
    """
    multiplicity = statistic.multiplicity
    n_units, n_groups = len(multiplicity), statistic.n_groups
    if n_units <= _MOST_LEFT_OUT:
        left_out, counts = multiplicity - np.eye(n_units), multiplicity
    elif n_units == n_groups:
        left_out = np.ones((_JACKKNIFE_BLOCKS, n_units))
        left_out[np.arange(n_units) % _JACKKNIFE_BLOCKS, np.arange(n_units)] = 0.0
        counts = np.ones(_JACKKNIFE_BLOCKS)
    else:
        value = statistic.weighted(multiplicity[None])[0]
        return np.full(len(value), float(n_groups - 1))
    values = statistic.weighted(left_out)
    counts = counts[:, None] * np.isfinite(values)
    values = np.where(np.isfinite(values), values, 0.0)
    total = np.maximum(counts.sum(axis=0), 1)
    deviation = values - (counts * values).sum(axis=0) / total
    variance = (counts * deviation**2).sum(axis=0)
    spread = (counts * deviation**4).sum(axis=0) - variance**2 / total
    most = float(max(n_groups - 1, FEWEST_FREEDOM))
    # Rounding leaves variances of 1e-34 where nothing varies.
    varies = (variance > 1e-24) & (spread > 1e-12 * variance**2)
    freedom = np.divide(2 * variance**2, spread, out=np.full_like(variance, most), where=varies)
    return np.asarray(np.clip(freedom, FEWEST_FREEDOM, most))


def _over_draws(reduce: Callable[..., Floats], drawn: Floats) -> Floats:
    """A NaN-aware reduction over draws that gives NaN, without a warning, where no draw is defined."""
    defined = np.isfinite(drawn).any(axis=0)
    return np.where(defined, reduce(np.where(defined, drawn, 0.0), axis=0), np.nan)
