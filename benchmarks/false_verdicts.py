"""How often a study calls equal variants better or worse, and how often it finds a real gain.

    python -m benchmarks.false_verdicts --studies 200 --persons 199 --variants 10

A study compares variants with one baseline on the same simulated persons; p-values are adjusted together.
"""

import argparse

import numpy as np

from benchmarks.interval_coverage import simulated_models
from benchmarks.machine import describe_machine
from maskwise.metrics import compare, judge_together
from maskwise.metrics.multiple_testing import ADJUSTMENTS


def main() -> None:
    """Print false verdicts and findings for each adjustment."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--persons", type=int, default=199)
    parser.add_argument("--variants", type=int, default=10)
    parser.add_argument("--gain", type=float, default=0.03, help="of the variants that are better")
    parser.add_argument("--better", type=int, default=0, help="how many variants are better")
    parser.add_argument("--margin", type=float, default=0.01)
    arguments = parser.parse_args()
    print(describe_machine())
    random = np.random.default_rng(0)
    gains = [arguments.gain] * arguments.better + [0.0] * (arguments.variants - arguments.better)
    verdicts: dict[str, list[list[str]]] = {name: [] for name in (*ADJUSTMENTS, "none")}
    for study in range(arguments.studies):
        y, (baseline, *others), person = simulated_models(random, arguments.persons, [0.0, *gains])
        apart = [
            compare(
                y,
                baseline,
                p,
                groups=person,
                labels=range(18),
                margin=arguments.margin,
                draws=1000,
                seed=study,
            )
            for p in others
        ]
        verdicts["none"].append([c.verdict for c in apart])
        for adjustment in ADJUSTMENTS:
            verdicts[adjustment].append([c.verdict for c in judge_together(apart, adjustment)])
    print(
        f"{arguments.studies} studies of {arguments.variants} variants, {arguments.better} of them better by about "
        f"{arguments.gain}, {arguments.persons} persons"
    )
    print(f"{'adjustment':22} equal variants called   false among findings   better ones found   the same")
    for name, found in verdicts.items():
        table = np.array(found)
        called = (table == "better") | (table == "worse")
        equal = called[:, arguments.better :]
        false_share = equal.sum(axis=1) / np.maximum(called.sum(axis=1), 1)
        right = (table[:, : arguments.better] == "better").mean() if arguments.better else float("nan")
        same = (table[:, arguments.better :] == "practically the same").mean()
        print(f"{name:22} {equal.mean():21.3f} {false_share.mean():22.3f} {right:19.3f} {same:10.3f}")


if __name__ == "__main__":
    main()
