"""Log a finished run to MLflow: parameters, metrics, lineage, and the report where it shows no photos."""

import re
from pathlib import Path

from maskwise.errors import MaskwiseError, in_short
from maskwise.extras import import_extra
from maskwise.recipes.recipe_values import flatten
from maskwise.runs.metrics import Metrics
from maskwise.runs.run import Run

EXPERIMENT = "maskwise"
_LONGEST = 500  # characters of a value that MLflow takes everywhere


def track_run(run: Run, store: str, *, report: bool = False) -> str:
    """Log a run to MLflow; gives the id that it has there.

    Args:
        run: a finished run.
        store: a folder, or the address of a tracking server.
        report: whether the report goes along; leave it out where it shows photos that should not leave.

    Raises:
        InputError: when MLflow is not installed, or the run can't be read.
        MaskwiseError: when the store can't be written.
    """
    mlflow = import_extra("mlflow", "MLflow to log runs to it", "tracking")
    metrics, folder = run.metrics, run.folder
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
                    for key, value in flatten(run.recipe.model_dump(mode="json")).items()
                }
            )
            mlflow.log_metrics(_figures(metrics))
            mlflow.set_tags(
                {
                    "data": str(run.lineage.data.fingerprint),
                    "scored_on": str(metrics.scored_on),
                    "folder": str(run.path.resolve()),
                }
            )
            files = [folder.recipe, folder.lineage, folder.metrics, folder.history]
            for path in [*files, folder.report] if report else files:
                if path.is_file():
                    mlflow.log_artifact(str(path))
            return str(active.info.run_id)
    except Exception as error:
        raise MaskwiseError(
            f"Expected to log {run.path} to {store}, got: {in_short(error)}. The run itself is complete."
        ) from error


def _database(store: str) -> str:
    """MLflow's own database in a folder: its plain files are kept up no longer."""
    folder = Path(store).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'mlflow.db'}"


def _figures(metrics: Metrics) -> dict[str, float]:
    """Macro F1 and accuracy with their intervals, each attribute's macro F1, speed."""
    figures: dict[str, float] = {}
    scores = {"macro_f1": metrics.macro_f1, "accuracy": metrics.accuracy}
    scores |= {f"{name}_macro_f1": scores_of.macro_f1 for name, scores_of in metrics.attributes.items()}
    for name, score in scores.items():
        if score is not None:
            low, high = score.ci95
            figures |= {name: score.value, f"{name}_low": low, f"{name}_high": high}
    for name in ("seconds", "images_per_second", "n_photos", "n_persons"):
        value = getattr(metrics, name)
        if name in metrics.model_fields_set and value is not None:
            figures[name] = float(value)
    return figures
