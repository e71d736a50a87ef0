"""A finished run told to MLflow: parameters, metrics, lineage, and the report where it shows no photos."""

import re
from pathlib import Path
from typing import Any

import yaml

from maskwise.errors import MaskwiseError, in_short
from maskwise.extras import import_extra
from maskwise.files import read_json
from maskwise.recipes.recipe_values import flatten

EXPERIMENT = "maskwise"
_LONGEST = 500  # characters of a value that MLflow takes everywhere


def track_run(run: Path, store: str, *, report: bool = False) -> str:
    """Log a run to MLflow; gives the id that it has there.

    Args:
        run: a finished run.
        store: a folder, or the address of a tracking server.
        report: whether the report goes along; leave it out where it shows photos that should not leave.

    Raises:
        InputError: when MLflow is not installed, or the run can't be read.
        MaskwiseError: when the store can't be written.
    """
    mlflow = import_extra("mlflow", "MLflow for --mlflow", "tracking")
    metrics, lineage = read_json(run / "metrics.json"), read_json(run / "lineage.json")
    recipe = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))
    uri = store if "://" in store else _database(store)
    try:
        mlflow.set_tracking_uri(uri)
        if mlflow.get_experiment_by_name(EXPERIMENT) is None:
            place = None if "://" in store else (Path(store).resolve() / "artifacts").as_uri()
            mlflow.create_experiment(EXPERIMENT, artifact_location=place)
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run(run_name=run.name) as active:
            mlflow.log_params(
                {
                    re.sub(r"[^\w.\- :/]", "_", key): str(value)[:_LONGEST]
                    for key, value in flatten(recipe).items()
                }
            )
            mlflow.log_metrics(_figures(metrics))
            mlflow.set_tags(
                {
                    "data": lineage["data"]["fingerprint"],
                    "scored_on": str(metrics["scored_on"]),
                    "folder": str(run.resolve()),
                }
            )
            for name in ("recipe.yaml", "lineage.json", "metrics.json", "history.csv"):
                if (run / name).is_file():
                    mlflow.log_artifact(str(run / name))
            if report and (run / "report.html").is_file():
                mlflow.log_artifact(str(run / "report.html"))
            return str(active.info.run_id)
    except Exception as error:
        raise MaskwiseError(
            f"Expected to log {run} to {store}, got: {in_short(error)}. The run itself is complete."
        ) from error


def _database(store: str) -> str:
    """MLflow's own database in a folder: its plain files are kept up no longer."""
    folder = Path(store).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'mlflow.db'}"


def _figures(metrics: dict[str, Any]) -> dict[str, float]:
    """Macro F1 and accuracy with their intervals, each attribute's macro F1, speed."""
    figures: dict[str, float] = {}
    scores = {"macro_f1": metrics.get("macro_f1"), "accuracy": metrics.get("accuracy")}
    for name, entry in metrics.items():
        if isinstance(entry, dict) and "per_value" in entry:
            scores[f"{name}_macro_f1"] = entry["macro_f1"]
    for name, score in scores.items():
        if score is not None:
            figures |= {
                name: score["value"],
                f"{name}_low": score["ci95"][0],
                f"{name}_high": score["ci95"][1],
            }
    for name in ("seconds", "images_per_second", "n_photos", "n_persons"):
        if metrics.get(name) is not None:
            figures[name] = float(metrics[name])
    return figures
