"""How much of what is wrong an audit finds: procedural people with planted faults, the truth known.

    for seed in 1 2 3 4 5; do maskwise data people people/$seed --people 500 --noise 0.05 --seed $seed; done
    python benchmarks/audit.py --people people/1 people/2 people/3 people/4 people/5 --plot curves.svg

Recall and precision of each kind at several probabilities, over all data sets, with 95% intervals by bootstrap over
persons; the recall at the precision that is asked for; and whether the stated probabilities hold. A finding counts as
right when it names a person who has that fault. `--run` names a run with folds for each data set, whose predictions
take the place of linear models on frozen features.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from maskwise.audit.run_audit import audit
from maskwise.runs.run import Run

KINDS = {
    "gender_flip": ("wrong gender",),
    "wrong_age": ("wrong age",),
    "swap_status": ("exchanged photos",),
    "swap_mask": ("exchanged photos",),
    "two_ids": ("may be one person",),
    "near_duplicate": ("near-identical photo", "identical photo"),
    "broken": ("unusable file", "missing file"),
}
"""Planted faults, and the findings that name them."""

THRESHOLDS = (0.05, 0.5, 0.9)
ASKED = 0.8
DRAWS = 2000
RECALLS = np.linspace(0.02, 1, 50)


def main() -> None:
    """Print a table, and draw the curves where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=Path, nargs="+", required=True)
    parser.add_argument("--run", type=Path, nargs="+", default=[])
    parser.add_argument("--plot", type=Path, help="an SVG of precision against recall")
    parser.add_argument(
        "--json", type=Path, help="every named person with its probability, for other questions"
    )
    arguments = parser.parse_args()
    runs = arguments.run or [None] * len(arguments.people)
    # Of each person: the highest probability, whether it has the fault, and whether it has one that is named alike.
    named = {fault: [] for fault in KINDS}
    seconds = []
    for people, run in zip(arguments.people, runs, strict=True):
        begin = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = audit(
                people, Path(folder) / "audit", run=run and Run(run), photos_in_report=False
            ).findings
        seconds.append(time.perf_counter() - begin)
        _collect(named, people, found)
    print(describe_machine())
    print(f"{len(arguments.people)} data sets, {np.median(seconds):.0f} s each (median)")
    curves = {}
    for fault, rows in named.items():
        p, own, alike = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
        _tell(fault, p, own.astype(bool), alike.astype(bool))
        curves[fault] = _curve(p, own.astype(bool), alike.astype(bool))
    _tell_calibration(named)
    if arguments.json:
        arguments.json.write_text(json.dumps(named))
    if arguments.plot:
        _draw(curves, arguments.plot)


def _collect(named: dict[str, list[tuple[float, bool, bool]]], people: Path, found: list) -> None:
    truth = pl.read_parquet(people / "truth.parquet").filter(pl.col("side") == "train")
    for fault, kinds in KINDS.items():
        # A finding of an exchange is right for either kind of it.
        like = [name for name, known in KINDS.items() if known == kinds]
        probability: dict[str, float] = {}
        for finding in found:
            if finding.kind in kinds:
                told = [finding.person, *(c.new for c in finding.changes if c.field == "person")]
                for person in told:
                    probability[person] = max(probability.get(person, 0.0), finding.probability or 0.0)
        faults = truth.filter(pl.col("fault").is_not_null()).select("person", "fault").unique()
        own = set(faults.filter(pl.col("fault") == fault)["person"])
        alike = set(faults.filter(pl.col("fault").is_in(like))["person"])
        named[fault] += [
            (probability.get(person, 0.0), person in own, person in alike)
            for person in truth["person"].unique(maintain_order=True)
        ]


def _scores(p: np.ndarray, own: np.ndarray, alike: np.ndarray, bar: float) -> tuple[float, float]:
    told = p >= bar
    return float((told & own).sum() / max(1, own.sum())), float((told & alike).sum() / max(1, told.sum()))


def _tell(fault: str, p: np.ndarray, own: np.ndarray, alike: np.ndarray) -> None:
    random = np.random.default_rng(0)
    draws = [random.integers(0, len(p), len(p)) for _ in range(DRAWS)]
    print(f"{fault} ({int(own.sum())} persons)")
    for bar in THRESHOLDS:
        recall, precision = _scores(p, own, alike, bar)
        spans = np.quantile([_scores(p[d], own[d], alike[d], bar) for d in draws], [0.025, 0.975], axis=0)
        print(
            f"  probability >= {bar:4}: recall {recall:.2f} ({spans[0, 0]:.2f} to {spans[1, 0]:.2f}), "
            f"precision {precision:.2f} ({spans[0, 1]:.2f} to {spans[1, 1]:.2f}), {int((p >= bar).sum())} named"
        )
    print(f"  recall at precision {ASKED}: {_recall_at(p, own, alike):.2f} {_span(p, own, alike, draws)}")


def _curve(p: np.ndarray, own: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """Precision (3, R) at each recall of RECALLS: as it is, low and high; NaN where so much is not found."""
    random = np.random.default_rng(0)
    draws = [np.arange(len(p)), *(random.integers(0, len(p), len(p)) for _ in range(300))]
    rows = np.array([_precision_at(p[d], own[d], alike[d]) for d in draws])
    reached = np.isfinite(rows[0])
    low, high = np.full((2, len(RECALLS)), np.nan)
    low[reached], high[reached] = np.nanquantile(rows[1:, reached], [0.025, 0.975], axis=0)
    return np.stack([rows[0], low, high])


def _precision_at(p: np.ndarray, own: np.ndarray, alike: np.ndarray) -> np.ndarray:
    """The highest precision of any bar that finds at least so much."""
    reached = [_scores(p, own, alike, bar) for bar in np.unique(p[p > 0])]
    return np.array(
        [max((precision for recall, precision in reached if recall >= r), default=np.nan) for r in RECALLS]
    )


def _recall_at(p: np.ndarray, own: np.ndarray, alike: np.ndarray) -> float:
    """The highest recall of any bar whose precision is as asked."""
    reached = [_scores(p, own, alike, bar) for bar in np.unique(p[p > 0])]
    return max((recall for recall, precision in reached if precision >= ASKED), default=0.0)


def _span(p: np.ndarray, own: np.ndarray, alike: np.ndarray, draws: list[np.ndarray]) -> str:
    low, high = np.quantile([_recall_at(p[d], own[d], alike[d]) for d in draws[:300]], [0.025, 0.975])
    return f"({low:.2f} to {high:.2f})"


def _tell_calibration(named: dict[str, list[tuple[float, bool, bool]]]) -> None:
    """How often findings are right, beside how likely they were said to be."""
    print("said -> right")
    rows = {
        "labels": [row for fault in ("gender_flip", "wrong_age", "swap_status") for row in named[fault]],
        "one person under two names": named["two_ids"],
    }
    for name, told in rows.items():
        p, _, right = (np.array(column, dtype=float) for column in zip(*told, strict=True))
        for low, high in ((0.02, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
            inside = (p >= low) & (p < high)
            if inside.any():
                print(
                    f"  {name}: {p[inside].mean():.2f} -> {right[inside].mean():.2f} ({int(inside.sum())} findings)"
                )


def _draw(curves: dict[str, np.ndarray], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "maskwise"
    figure, grid = plt.subplots(2, 4, figsize=(10, 5), sharex=True, sharey=True)
    for axes, (fault, (precision, low, high)) in zip(grid.flat, curves.items(), strict=False):
        axes.fill_between(RECALLS, low, high, alpha=0.25, linewidth=0)
        axes.plot(RECALLS, precision)
        axes.set_title(fault.replace("_", " "), fontsize=9)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.03))
        axes.grid(alpha=0.3)
    for axes in grid.flat[len(curves) :]:
        axes.axis("off")
    figure.supxlabel("recall", fontsize=9)
    figure.supylabel("precision", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
