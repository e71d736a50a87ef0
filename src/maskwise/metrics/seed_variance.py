"""The difference between two recipes over seeds and splits, not only over persons."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import ndtri

from maskwise.metrics.bootstrap import bootstrap
from maskwise.metrics.classification import Floats, macro_f1


@dataclass(frozen=True)
class RecipeDifference:
    """The difference between two recipes, with the variance over seeds or splits."""

    value: float
    ci95: tuple[float, float]
    p: float
    n_pairs: tuple[int, int]
    seeds_needed: int | None
    how: str


def recipe_difference(first: Sequence[Floats], second: Sequence[Floats]) -> RecipeDifference:
    """The difference of two recipes, B minus A, each with several runs scored on the same persons.

    Its variance has two parts: of persons (a bootstrap of the mean difference) and of seeds (the variance of each
    recipe's macro F1 over its runs, on the same persons); the degrees of freedom are B. Welch's and F. Satterthwaite's.

    Args:
        first: counts by person (P, 3C) of each run of A, two or more.
        second: those of B, the same persons.
    """
    a, b = list(first), list(second)
    score_a, score_b = ([float(macro_f1(c.sum(axis=0))) for c in group] for group in (a, b))
    width = a[0].shape[1]

    def mean_difference(stacked: Floats) -> Floats:
        parts = [macro_f1(stacked[..., k * width : (k + 1) * width]) for k in range(len(a) + len(b))]
        return np.asarray(np.mean(parts[len(a) :], axis=0) - np.mean(parts[: len(a)], axis=0))

    drawn = bootstrap(mean_difference, np.concatenate(a + b, axis=1), draws=1000, seed=0)
    persons = float(drawn.std(ddof=1))
    n_persons = len(a[0])
    parts = [
        (persons**2, n_persons - 1),
        (float(np.var(score_a, ddof=1)) / len(a), len(a) - 1),
        (float(np.var(score_b, ddof=1)) / len(b), len(b) - 1),
    ]
    value = float(np.mean(score_b) - np.mean(score_a))
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return RecipeDifference(
            value, (value, value), 1.0 if value == 0 else 0.0, (len(a), len(b)), None, "equal"
        )
    freedom = variance**2 / sum(part**2 / df for part, df in parts)
    error = variance**0.5
    reach = float(stats.t.ppf(0.975, freedom)) * error
    p = float(2 * stats.t.sf(abs(value) / error, freedom))
    seeds = _seeds_needed(value, persons, float(np.var(score_a, ddof=1) + np.var(score_b, ddof=1)))
    how = f"persons {persons:.3f}, seeds {(variance - persons**2) ** 0.5:.3f} (standard errors)"
    return RecipeDifference(value, (value - reach, value + reach), p, (len(a), len(b)), seeds, how)


def corrected_t(differences: npt.NDArray[np.float64], held_out_over_train: float) -> RecipeDifference:
    """The mean of differences (J,) over J splits whose training persons overlap.

    The variance is corrected for the overlap (C. Nadeau and Y. Bengio, "Inference for the Generalization Error", 2003).
    """
    n = len(differences)
    value, variance = float(differences.mean()), float(differences.var(ddof=1))
    error = ((1 / n + held_out_over_train) * variance) ** 0.5
    if error < 1e-9:  # equal in every split: these are no repetitions
        return RecipeDifference(value, (-1.0, 1.0), 1.0, (n, n), None, "the same in every split")
    reach = float(stats.t.ppf(0.975, n - 1)) * error
    p = float(2 * stats.t.sf(abs(value) / error, n - 1))
    how = f"{n} splits, differences {', '.join(f'{d:+.3f}' for d in differences)}"
    return RecipeDifference(value, (value - reach, value + reach), p, (n, n), None, how)


def recipe_verdict(difference: RecipeDifference, p: float, margin: float) -> str:
    """The conclusion, with `p` adjusted for the number of comparisons."""
    if p < 0.05:
        return "better" if difference.value > 0 else "worse"
    # The 95% interval inside the margin: stricter than two one-sided tests at 5%.
    inside = -margin < difference.ci95[0] and difference.ci95[1] < margin
    return "no difference larger than the margin" if inside else "can't tell"


def _seeds_needed(value: float, persons: float, variance_of_a_seed: float) -> int | None:
    """Seeds per recipe needed to detect the difference with a power of 80%; None when there are too few persons."""
    left = (value / (ndtri(0.975) + ndtri(0.8))) ** 2 - persons**2
    return max(2, int(np.ceil(variance_of_a_seed / left))) if left > 0 else None
