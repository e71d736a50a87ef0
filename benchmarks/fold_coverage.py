"""How often intervals of cross-validated differences hold the truth, and equal recipes are called different.

    python -m benchmarks.fold_coverage --datasets 400 --persons 200

Real learners on simulated persons: ridge regression on random features, whose seed is the training seed. The recipes
differ in the number of features, or (a null variant) in nothing but seeds. The truth is the mean over all data sets.
"""

import argparse
import time

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.machine import describe_machine
from maskwise.metrics.classification import count_by_person, macro_f1
from maskwise.metrics.out_of_fold import out_of_fold_difference
from maskwise.metrics.verdict import decide

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PRIOR = np.array([0.3, 0.25, 0.2, 0.12, 0.08, 0.05])
PHOTOS = 3
DIMENSIONS = 12
CENTRES = np.random.default_rng(7).normal(size=(len(PRIOR), DIMENSIONS))


def simulated_persons(random: np.random.Generator, n_persons: int) -> tuple[Floats, Ints, Ints]:
    """Features (N, 12), labels (N,) and persons (N,) of three photos per person."""
    kind = random.choice(len(PRIOR), n_persons, p=PRIOR)
    person = np.repeat(np.arange(n_persons), PHOTOS)
    own = CENTRES[kind] + 0.9 * random.normal(size=(n_persons, DIMENSIONS))
    return own[person] + 0.5 * random.normal(size=(len(person), DIMENSIONS)), kind[person], person


def predict(x: Floats, y: Ints, train: npt.NDArray[np.bool_], n_features: int, seed: int) -> Ints:
    """Classes of the rows that are not trained on, by ridge regression on random features."""
    random = np.random.default_rng(seed)
    weights, offset = random.normal(size=(DIMENSIONS, n_features)) * 0.4, random.uniform(0, 6.3, n_features)
    hidden = np.cos(x @ weights + offset)
    inside = hidden[train]
    gram = inside.T @ inside + 0.3 * np.eye(n_features)
    solved = np.linalg.solve(gram, inside.T @ np.eye(len(PRIOR))[y[train]])
    return np.asarray((hidden[~train] @ solved).argmax(axis=1))


def out_of_fold_counts(x: Floats, y: Ints, person: Ints, fold: Ints, n_features: int, seed: int) -> Floats:
    """Counts by person (P, 3C) of out-of-fold predictions; each fold has a training seed of its own."""
    told = np.empty_like(y)
    for k in range(int(fold.max()) + 1):
        train = fold[person] != k
        told[~train] = predict(x, y, train, n_features, seed * 1000 + k)
    return count_by_person(y, told, person, len(PRIOR), len(fold)).stacked


def fold_t_test(a: Floats, b: Floats, fold: Ints, correction: float) -> tuple[float, float]:
    """The t interval over the folds' differences; `correction` is Nadeau and Bengio's share, or 0."""
    n = int(fold.max()) + 1
    d = np.array(
        [float(macro_f1(b[fold == k].sum(axis=0)) - macro_f1(a[fold == k].sum(axis=0))) for k in range(n)]
    )
    reach = stats.t.ppf(0.975, n - 1) * np.sqrt((1 / n + correction) * d.var(ddof=1))
    return float(d.mean() - reach), float(d.mean() + reach)


def main() -> None:
    """Print coverage, width and false verdicts of each way to compare two recipes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", type=int, default=400)
    parser.add_argument("--persons", type=int, default=200)
    parser.add_argument("--features", type=int, nargs=2, default=[60, 60], help="of A and of B")
    arguments = parser.parse_args()
    print(describe_machine())
    random, n_folds, begin = np.random.default_rng(0), 5, time.perf_counter()
    found: dict[str, list[tuple[float, float, float]]] = {}
    verdicts: dict[str, list[str]] = {}
    for trial in range(arguments.datasets):
        x, y, person = simulated_persons(random, arguments.persons)
        fold = random.permutation(np.arange(arguments.persons) % n_folds)
        runs = [
            [out_of_fold_counts(x, y, person, fold, size, trial * 20 + 10 * side + seed) for seed in range(5)]
            for side, size in enumerate(arguments.features)
        ]
        for n_seeds in (1, 2, 3):
            result = out_of_fold_difference(runs[0][:n_seeds], runs[1][:n_seeds], fold, draws=500, seed=trial)
            name = f"5 folds x {n_seeds} seeds"
            found.setdefault(name, []).append(
                (result.difference.value, result.difference.low, result.difference.high)
            )
            verdicts.setdefault(name, []).append(decide(result.evidence, 0.01))
            z = 1.96 * np.sqrt(result.persons.variance)
            value = result.difference.value
            found.setdefault(f"{name}, persons only", []).append((value, value - z, value + z))
        for name, result in (
            (
                "5 folds x 1 seed, baseline 3",
                out_of_fold_difference(runs[0][:3], runs[1][:1], fold, draws=500, seed=trial),
            ),
            (
                "5 folds x 1 seed, baseline 5",
                out_of_fold_difference(runs[0][:5], runs[1][:1], fold, draws=500, seed=trial),
            ),
        ):
            found.setdefault(name, []).append(
                (result.difference.value, result.difference.low, result.difference.high)
            )
            verdicts.setdefault(name, []).append(decide(result.evidence, 0.01))
        one = np.flatnonzero(fold == 0)
        split = out_of_fold_difference(
            [run[one] for run in runs[0]],
            [run[one] for run in runs[1]],
            np.arange(len(one)) % 2,
            draws=500,
            seed=trial,
        )
        found.setdefault("1 split x 5 seeds", []).append(
            (split.difference.value, split.difference.low, split.difference.high)
        )
        verdicts.setdefault("1 split x 5 seeds", []).append(decide(split.evidence, 0.01))
        for name, correction in (("t-test over folds", 0.0), ("corrected t-test over folds", 0.25)):
            low, high = fold_t_test(runs[0][0], runs[1][0], fold, correction)
            found.setdefault(name, []).append(((low + high) / 2, low, high))
    print(
        f"{arguments.persons} persons, features {arguments.features}, {arguments.datasets} data sets "
        f"({time.perf_counter() - begin:.0f} s)"
    )
    print(f"{'':34} coverage    width   mean difference   called better or worse")
    same = arguments.features[0] == arguments.features[1]
    for name, rows in found.items():
        values = np.array(rows)
        truth = 0.0 if same else float(values[:, 0].mean())
        covered = float(((values[:, 1] <= truth) & (truth <= values[:, 2])).mean())
        width = float((values[:, 2] - values[:, 1]).mean())
        outside = float(((values[:, 1] > 0) | (values[:, 2] < 0)).mean())
        called = (
            float(np.mean([v in ("better", "worse") for v in verdicts[name]]))
            if name in verdicts
            else outside
        )
        print(f"{name:34} {covered:8.3f} {width:8.4f} {values[:, 0].mean():+16.4f} {called:24.3f}")


if __name__ == "__main__":
    main()
