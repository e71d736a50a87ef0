"""cleanlab as it comes, photo by photo, on the same photos that `benchmarks/audit.py` is measured on.

cleanlab's licence (AGPL) would bind those who use maskwise, so it is no dependency: it goes into an environment of its
own, and the two speak through a file.

    python benchmarks/cleanlab_beside.py features --people people/1 people/2 --out features.npz
    python -m venv cleanlab && cleanlab/bin/pip install cleanlab
    cleanlab/bin/python benchmarks/cleanlab_beside.py find --features features.npz

The features are those of the audit, frozen; the classifier is scikit-learn's logistic regression with the audit's
strength of regularisation; cross-validation is cleanlab's own, which knows nothing of persons. A person is named where
any of its photos is an issue, with the lowest label quality of its photos.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ASKED = 0.8
FAULTS = {"mask": ("swap_status", "swap_mask"), "gender": ("gender_flip",), "age_band": ("wrong_age",)}


def main() -> None:
    """Either half."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    halves = parser.add_subparsers(dest="half", required=True)
    first = halves.add_parser("features")
    first.add_argument("--people", type=Path, nargs="+", required=True)
    first.add_argument("--out", type=Path, required=True)
    second = halves.add_parser("find")
    second.add_argument("--features", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.half == "features":
        _write_features(arguments.people, arguments.out)
    else:
        _find(arguments.features)


def _write_features(places: list[Path], out: Path) -> None:
    import polars as pl

    from maskwise.audit.inputs import FEATURE_SIDE
    from maskwise.data.readers.read_data import read_data
    from maskwise.data.scan import scan_photos
    from maskwise.inference.features import extract_features

    content = {}
    for place, people in enumerate(places):
        table = read_data(people)
        table = table.keep(scan_photos(table).usable)
        truth = pl.read_parquet(people / "truth.parquet").filter(pl.col("fault").is_not_null())
        content[f"features_{place}"] = extract_features(table.paths, side=FEATURE_SIDE)
        content[f"labels_{place}"] = table.label_indices()
        content[f"persons_{place}"] = table.persons
        for fault in {name for names in FAULTS.values() for name in names}:
            content[f"{fault}_{place}"] = (
                truth.filter(pl.col("fault") == fault)["person"].unique().to_numpy().astype(str)
            )
    np.savez_compressed(out, **content)


def _find(path: Path) -> None:
    from cleanlab.classification import CleanLearning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    content = np.load(path)
    n_sets = sum(name.startswith("labels_") for name in content.files)
    for column, (attribute, faults) in enumerate(FAULTS.items()):
        doubt, right, told = [], [], []
        for place in range(n_sets):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
            labels = content[f"labels_{place}"][:, column]
            finder = CleanLearning(model, seed=0, verbose=False)
            issues = finder.find_label_issues(content[f"features_{place}"], labels)
            names, index = np.unique(content[f"persons_{place}"], return_inverse=True)
            worst = np.ones(len(names))
            np.minimum.at(worst, index, issues["label_quality"].to_numpy())
            named = np.zeros(len(names), dtype=bool)
            np.logical_or.at(named, index, issues["is_label_issue"].to_numpy())
            doubt.append(1 - worst)
            told.append(named)
            right.append(np.isin(names, np.concatenate([content[f"{fault}_{place}"] for fault in faults])))
        p, own, named = (np.concatenate(parts) for parts in (doubt, right, told))
        random = np.random.default_rng(0)
        draws = [random.integers(0, len(p), len(p)) for _ in range(300)]
        span = np.quantile([_recall_at(p[d], own[d]) for d in draws], [0.025, 0.975])
        print(
            f"{attribute}: {int(own.sum())} persons; named {int(named.sum())}, "
            f"recall {(named & own).sum() / own.sum():.2f}, "
            f"precision {(named & own).sum() / max(1, named.sum()):.2f}; recall at precision {ASKED}: "
            f"{_recall_at(p, own):.2f} ({span[0]:.2f} to {span[1]:.2f})"
        )


def _recall_at(p: np.ndarray, own: np.ndarray) -> float:
    """The highest recall of any bar whose precision is as asked."""
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(own[order])
    precise = hits / np.arange(1, len(p) + 1) >= ASKED
    return float((hits[precise] / max(1, own.sum())).max(initial=0.0))


if __name__ == "__main__":
    sys.exit(main())
