"""What other packages say on the same predictions: coverage, width, false verdicts and seconds.

    pip install confidenceinterval autorank deepsig   # into an environment of its own
    python -m benchmarks.intervals_beside --datasets 200

Scores: `confidenceinterval` (delta method, and BCa bootstrap over rows) on simulated persons with seven photos each.
Comparisons of equal recipes: `deepsig` (almost stochastic order of five seeds' scores, 0.2 as its authors advise) and
`autorank` (its choice of test on five folds' scores). Packages that are not installed are left out.
"""

import argparse
import contextlib
import importlib
import io
import time
import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.fold_coverage import fold_t_test, out_of_fold_counts, simulated_persons
from benchmarks.interval_coverage import simulated_pair
from benchmarks.machine import describe_machine
from maskwise.metrics import macro_f1_interval
from maskwise.metrics.classification import macro_f1
from maskwise.metrics.out_of_fold import out_of_fold_difference

Limits = tuple[float, float]


def score_ways() -> dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], Limits]]:
    """From labels, predictions and persons (N,) to the limits of each package's interval of macro F1."""

    def ours(y: np.ndarray, p: np.ndarray, person: np.ndarray) -> Limits:
        found = macro_f1_interval(y, p, groups=person, labels=range(18))
        return found.low, found.high

    ways = {"maskwise": ours}
    with contextlib.suppress(ImportError):
        from confidenceinterval import f1_score

        for method in ("takahashi", "bootstrap_bca"):
            ways[f"confidenceinterval, {method}"] = lambda y, p, person, method=method: f1_score(
                y.tolist(), p.tolist(), average="macro", method=method
            )[1]
    return ways


def compare_ways() -> dict[str, Callable[[list, list, np.ndarray], bool]]:
    """From counts by person of five seeds of two recipes, and folds (P,), to whether they are called different."""

    def ours(a: list, b: list, fold: np.ndarray) -> bool:
        return out_of_fold_difference(a[:2], b[:2], fold, draws=500).evidence.p_value < 0.05

    def corrected(a: list, b: list, fold: np.ndarray) -> bool:
        low, high = fold_t_test(a[0], b[0], fold, 0.25)
        return low > 0 or high < 0

    ways = {"maskwise, 2 seeds": ours, "corrected t-test (scikit-learn's example), 1 seed": corrected}
    with contextlib.suppress(ImportError):
        aso = importlib.import_module("deepsig").aso

        def stochastic_order(a: list, b: list, fold: np.ndarray) -> bool:
            scores = [[float(macro_f1(run.sum(axis=0))) for run in side] for side in (a, b)]
            return any(
                aso(x, y, num_jobs=1, show_progress=False, seed=0, num_bootstrap_iterations=200) < 0.2
                for x, y in (scores, scores[::-1])
            )

        ways["deepsig, 5 seeds"] = stochastic_order
    with contextlib.suppress(ImportError):
        rank = importlib.import_module("autorank").autorank
        frame = importlib.import_module("pandas").DataFrame

        def ranked(a: list, b: list, fold: np.ndarray) -> bool:
            scores = {
                name: [float(macro_f1(side[0][fold == k].sum(axis=0))) for k in range(5)]
                for name, side in (("a", a), ("b", b))
            }
            return bool(rank(frame(scores), alpha=0.05, verbose=False).pvalue < 0.05)

        ways["autorank, 5 folds"] = ranked
    return ways


def main() -> None:
    """Print a table for scores and one for comparisons."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--persons", type=int, nargs="+", default=[60, 120, 400])
    parser.add_argument(
        "--slow-datasets", type=int, default=30, help="for a bootstrap that takes seconds per data set"
    )
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(describe_machine())
    random = np.random.default_rng(0)
    y, p, _, _ = simulated_pair(random, 300_000, 0.0)
    hit = np.bincount(y[y == p], minlength=18)
    truth = float((2 * hit / (np.bincount(y, minlength=18) + np.bincount(p, minlength=18))).mean())
    for n_persons in arguments.persons:
        results: dict[str, list[tuple[bool, float, float]]] = {}
        for trial in range(arguments.datasets):
            y, p, _, person = simulated_pair(random, n_persons, 0.0)
            for name, way in score_ways().items():
                if "bootstrap" in name and trial >= arguments.slow_datasets:
                    continue
                begin = time.process_time()
                low, high = way(y, p, person)
                seconds = time.process_time() - begin
                results.setdefault(name, []).append((low <= truth <= high, high - low, seconds))
        print(f"\nmacro F1 of 18 classes, {n_persons} persons: coverage, width, CPU seconds")
        for name, rows in results.items():
            held, width, seconds = np.array(rows, dtype=float).mean(axis=0)
            print(f"{name:36} {held:.3f} {width:.3f} {seconds:.3f}", flush=True)
    called: dict[str, list[tuple[bool, float]]] = {}
    for trial in range(arguments.datasets):
        x, labels, person = simulated_persons(random, 200)
        fold = random.permutation(np.arange(200) % 5)
        a, b = (
            [out_of_fold_counts(x, labels, person, fold, 60, trial * 20 + 10 * side + s) for s in range(5)]
            for side in (0, 1)
        )
        for name, compare in compare_ways().items():
            begin = time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                different = compare(a, b, fold)
            called.setdefault(name, []).append((different, time.process_time() - begin))
    print("\nequal recipes, 200 persons: called different, CPU seconds")
    for name, rows in called.items():
        share, seconds = np.array(rows, dtype=float).mean(axis=0)
        print(f"{name:52} {share:.3f} {seconds:.3f}")


if __name__ == "__main__":
    main()
