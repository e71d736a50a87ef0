"""How often do 95% intervals hold the truth, with persons as units? Every candidate, with few and many persons.

    python -m benchmarks.interval_coverage --datasets 500 --persons 60 120 400

The truth is known because the data are simulated: persons of rare classes, seven photos each, mistakes about a
person that go together. Needs no photos.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.interval_candidates import candidate_limits
from benchmarks.machine import describe_machine
from maskwise.metrics.classification import Floats, count_by_person, macro_f1

PRIOR = np.array([0.24, 0.18, 0.04, 0.27, 0.23, 0.04])
"""Shares of persons by gender and band, close to the competition's."""

CONFUSION = np.array([[0.8, 0.19, 0.01], [0.2, 0.7, 0.1], [0.02, 0.38, 0.6]])
"""How bands are taken for each other; a row is a true band."""


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


def simulated_models(
    random: np.random.Generator, n_persons: int, gains: Sequence[float]
) -> tuple[npt.NDArray[np.int64], list[npt.NDArray[np.int64]], npt.NDArray[np.int64]]:
    """Labels (7P,), each model's predictions (7P,) and persons (7P,); a model is better by about its gain.

    Without a gain all are equally good: what one gets wrong depends partly on the person, as for the others.
    """
    kind = random.choice(6, n_persons, p=PRIOR)
    gender, band = kind // 3, kind % 3
    mask = np.tile([0, 0, 0, 0, 0, 1, 2], n_persons)
    person = np.repeat(np.arange(n_persons), 7)
    hard = random.random(n_persons)
    predictions = []
    for gain in gains:
        of_person = np.where(random.random(n_persons) < 0.6, hard, random.random(n_persons))
        once = (of_person[:, None] > CONFUSION[band].cumsum(axis=1)).sum(axis=1)
        each = (random.random((7 * n_persons, 1)) > CONFUSION[band[person]].cumsum(axis=1)).sum(axis=1)
        told_band = np.where(random.random(7 * n_persons) < 0.6, once[person], each).clip(0, 2)
        told_gender = np.where(random.random(7 * n_persons) < 0.92, gender[person], 1 - gender[person])
        other_mask = (mask + random.integers(1, 3, 7 * n_persons)) % 3
        told_mask = np.where(random.random(7 * n_persons) < MASK_RIGHT, mask, other_mask)
        mended = (random.random(n_persons) < gain / MISSING)[person]
        told = told_mask * 6 + told_gender * 3 + told_band
        predictions.append(np.where(mended, mask * 6 + kind[person], told))
    return mask * 6 + kind[person], predictions, person


def simulated_pair(
    random: np.random.Generator, n_persons: int, gain: float
) -> tuple[npt.NDArray[np.int64], ...]:
    """Labels, predictions of two models and persons (7P,), where the second is better by about `gain`."""
    labels, predictions, person = simulated_models(random, n_persons, [0.0, gain])
    return labels, *predictions, person


MASK_RIGHT = 0.99
MISSING = 0.38
"""What the simulated models lack to a macro F1 of 1."""

VIEWS: dict[str, tuple[int, Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]]] = {
    "18 classes": (18, lambda joint: joint),
    "mask": (3, lambda joint: joint // 6),
    "gender": (2, lambda joint: joint // 3 % 2),
    "age": (3, lambda joint: joint % 3),
}
"""What is scored: the number of its classes, and it from the joint classes."""


def main() -> None:
    """Print coverage and mean width of each candidate, for macro F1 and for the paired difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", type=int, default=500)
    parser.add_argument("--persons", type=int, nargs="+", default=[60, 120, 400])
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--only-ours", action="store_true", help="not the other candidates")
    arguments = parser.parse_args()

    print(describe_machine())
    random = np.random.default_rng(0)
    truth = dict.fromkeys(VIEWS, 0.0)
    labels, told, *_, person = simulated_pair(random, 300_000, 0.0)
    for name, (n_classes, view) in VIEWS.items():
        counts = count_by_person(view(labels), view(told), person, n_classes, 300_000).stacked
        truth[name] = float(macro_f1(counts.sum(axis=0)))
    for n_persons in arguments.persons:
        for paired in (False, True):
            begin = time.perf_counter()
            held: dict[tuple[str, str], list[float]] = {}
            for trial in range(arguments.datasets):
                labels, first, second, person = simulated_pair(random, n_persons, 0.0)
                for name, (n_classes, view) in VIEWS.items():
                    a, b = (
                        count_by_person(view(labels), view(p), person, n_classes, n_persons).stacked
                        for p in (first, second)
                    )
                    found = candidate_limits(
                        a,
                        b if paired else None,
                        draws=arguments.draws,
                        seed=trial,
                        only_ours=arguments.only_ours,
                    )
                    target = 0.0 if paired else truth[name]
                    for method, (low, high) in found.items():
                        entry = held.setdefault((method, name), [0.0, 0.0])
                        entry[0] += low <= target <= high
                        entry[1] += high - low
            what = "paired difference" if paired else "macro F1"
            n = arguments.datasets
            print(
                f"\n{what}, {n_persons} persons, {n} data sets ({time.perf_counter() - begin:.0f} s): coverage, width"
            )
            for method in dict.fromkeys(method for method, _ in held):
                cells = [
                    f"{name} {held[method, name][0] / n:.3f} {held[method, name][1] / n:.3f}"
                    for name in VIEWS
                ]
                print(f"{method:20} " + "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
