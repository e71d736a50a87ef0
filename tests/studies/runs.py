"""Run folders for tests about several runs: copies of a tiny one with other predictions and recipe values."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from maskwise.competition.task import competition_task
from maskwise.inference.resumable_parts import probability_columns
from tests.older_runs import without_digests

SPACE = competition_task().space


def make_run(
    source: Path,
    folder: Path,
    *,
    right: float,
    noise: int = 0,
    persons: int = 120,
    split: int = 0,
    **values: object,
) -> Path:
    """A run that is right about a share of the photos, over simulated persons; `values` are recipe values."""
    for name in ("recipe.yaml", "lineage.json", "metrics.json"):
        (folder / "members/00").mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, folder / name)
    shutil.copy(source / "members/00/model.json", folder / "members/00/model.json")
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text())
    for key, value in values.items():
        place, *path = recipe, *key.split("__")
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    without_digests(folder)
    write_predictions(folder, right=right, noise=noise, persons=persons, split=split)
    return folder


def write_predictions(folder: Path, *, right: float, noise: int, persons: int, split: int) -> None:
    labels_of = np.random.default_rng(split)
    kind = labels_of.choice(6, persons, p=[0.24, 0.18, 0.08, 0.24, 0.18, 0.08])
    labels = np.tile([0, 0, 0, 0, 0, 6, 12], persons) + np.repeat(kind, 7)
    random = np.random.default_rng([noise, split])
    told = np.where(random.random(len(labels)) < right, labels, random.integers(0, 18, len(labels)))
    p = np.full((len(labels), 18), 0.01, np.float32)
    p[np.arange(len(labels)), told] = 0.83
    names = [f"s{split}/p{k // 7:04d}/{k % 7}.jpg" for k in range(len(labels))]
    frame = pl.DataFrame(
        {"photo": names, "person": [f"s{split}p{k // 7}" for k in range(len(labels))], "label": labels}
    ).hstack(pl.DataFrame(p, schema=dict.fromkeys(probability_columns(SPACE), pl.Float32)))
    frame.write_parquet(folder / "predictions.parquet")
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["macro_f1"] = {"value": right, "ci95": [right - 0.05, right + 0.05]}
    (folder / "metrics.json").write_text(json.dumps(metrics))
