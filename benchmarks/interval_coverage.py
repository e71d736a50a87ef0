"""How often do 95% intervals hold the truth? Percentile against BCa, persons as units.

    python benchmarks/interval_coverage.py --datasets 500 --persons 400

The truth is known because the data are simulated: persons of rare classes, seven photos each, mistakes about a
person that go together. Needs no photos.
"""

import argparse
import time

import numpy as np
import numpy.typing as npt

from maskwise.metrics.bootstrap import interval
from maskwise.metrics.classification import Floats, accuracy, class_f1, count_by_person, macro_f1

PRIOR = np.array([0.24, 0.18, 0.04, 0.27, 0.23, 0.04])
"""Shares of persons by gender and band, close to the competition's."""

CONFUSION = np.array([[0.8, 0.19, 0.01], [0.2, 0.7, 0.1], [0.02, 0.38, 0.6]])
"""How bands are taken for each other; a row is a true band."""

RARE_CLASS = 11
"""Incorrect mask, male, 60 and over: one photo a person of 4% of the persons."""


def simulated_predictions(
    random: np.random.Generator, n_persons: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Labels, predictions and persons (7P,) of persons whose mistakes about age go together."""
    kind = random.choice(6, n_persons, p=PRIOR)
    gender, band = kind // 3, kind % 3
    mask = np.tile([0, 0, 0, 0, 0, 1, 2], n_persons)
    person = np.repeat(np.arange(n_persons), 7)
    once = (random.random((n_persons, 1)) > CONFUSION[band].cumsum(axis=1)).sum(axis=1)
    each = (random.random((7 * n_persons, 1)) > CONFUSION[band[person]].cumsum(axis=1)).sum(axis=1)
    guessed_band = np.where(random.random(7 * n_persons) < 0.6, once[person], each).clip(0, 2)
    guessed_gender = np.where(random.random(7 * n_persons) < 0.92, gender[person], 1 - gender[person])
    labels = mask * 6 + gender[person] * 3 + band[person]
    return labels, mask * 6 + guessed_gender * 3 + guessed_band, person


def simulated_counts(random: np.random.Generator, n_persons: int) -> Floats:
    """Counts by person (P, 54) of simulated predictions."""
    labels, predictions, person = simulated_predictions(random, n_persons)
    return count_by_person(labels, predictions, person, 18, n_persons).stacked


def rare_f1(stacked: Floats) -> Floats:
    """F1 (...) of one rare class."""
    return class_f1(stacked)[..., RARE_CLASS]


STATISTICS = {"macro F1": macro_f1, "accuracy": accuracy, "F1 of a rare class": rare_f1}


def main() -> None:
    """Print the coverage of each statistic and method, and how long one interval takes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", type=int, default=500)
    parser.add_argument("--persons", type=int, default=400)
    parser.add_argument("--draws", type=int, default=1000)
    arguments = parser.parse_args()

    random = np.random.default_rng(0)
    everyone = simulated_counts(random, 300_000).sum(axis=0)
    held = {(name, method): 0 for name in STATISTICS for method in ("percentile", "bca")}
    widths = dict.fromkeys(held, 0.0)
    for trial in range(arguments.datasets):
        counts = simulated_counts(random, arguments.persons)
        for name, method in held:
            statistic = STATISTICS[name]
            _, low, high = interval(statistic, counts, draws=arguments.draws, seed=trial, method=method)
            held[name, method] += bool(low <= statistic(everyone) <= high)
            widths[name, method] += float(high - low)
    n = arguments.datasets
    print(f"{n} data sets of {arguments.persons} persons, 7 photos each, {arguments.draws} draws")
    print(f"{'':22} {'method':11} coverage  (+- 2 s.e.)  mean width")
    for (name, method), count in held.items():
        share = count / n
        error = 2 * (share * (1 - share) / n) ** 0.5
        print(f"{name:22} {method:11} {share:8.3f}  {error:11.3f}  {widths[name, method] / n:10.3f}")

    begin = time.perf_counter()
    interval(macro_f1, simulated_counts(random, 20_000 // 7), draws=1000)
    print(f"1,000 draws of macro F1 over 20,000 photos: {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
