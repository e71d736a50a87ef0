"""Functions that take a run or a model, for tests that have its path: opened as the commands open it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maskwise.inference.exported import open_model
from maskwise.runs.run import Run, open_finished_run, open_run


def evaluate(run: Path, data: Path, **options: Any) -> Any:
    from maskwise.evaluation.evaluate_run import evaluate as evaluating

    return evaluating(Run(run), data, **options)


def load_members(run: Path) -> Any:
    from maskwise.inference.load_run import load_members as loading

    return loading(open_run(run))


def load_predictor(run: Path) -> Any:
    from maskwise.inference.load_run import load_predictor as loading

    return loading(open_run(run))


def open_predictor(model: Path, backend: Any = None) -> Any:
    from maskwise.export.open_model import open_predictor as opening

    return opening(open_model(model), backend)


def fastest_backend(model: Path, reporter: Any) -> Any:
    from maskwise.export.fastest_backend import fastest_backend as measuring

    return measuring(open_model(model), reporter)


def create_choice(model: Path, card: Any, name: Any = None, **options: Any) -> Any:
    from maskwise.inference.decision import create_choice as creating

    return creating(open_model(model), card, name, **options)


def predict_to_file(model: Path, *arguments: Any, **options: Any) -> Any:
    from maskwise.inference.prediction_files import predict_to_file as predicting

    return predicting(open_model(model), *arguments, **options)


def model_identity(model: Path) -> dict[str, str]:
    from maskwise.inference.prediction_files import model_identity as identifying

    return identifying(open_model(model))


def write_submission(model: Path, *arguments: Any, **options: Any) -> Any:
    from maskwise.competition.submission import write_submission as writing

    return writing(open_model(model), *arguments, **options)


def export(run: Path, out: Path, **options: Any) -> Any:
    from maskwise.export.export_model import export as exporting

    return exporting(open_run(run), out, **options)


def photos_to_check(run: Path, *arguments: Any, **options: Any) -> Any:
    from maskwise.export.check_photos import photos_to_check as choosing

    return choosing(open_run(run), *arguments, **options)


def create_service(model: Path, **options: Any) -> Any:
    from maskwise.serving.factory import create_service as creating

    return creating(open_model(model), **options)


def compare(runs: Sequence[Path], *, evaluation: str | None = None, **options: Any) -> Any:
    from maskwise.studies.compare_runs import compare as comparing

    return comparing([open_finished_run(run, evaluation) for run in runs], **options)


def ensemble(runs: Sequence[Path], out: Path, **options: Any) -> Any:
    from maskwise.studies.ensemble import ensemble as combining

    return combining([open_finished_run(run) for run in runs], out, **options)


def rebuild(run: Path, **options: Any) -> Any:
    from maskwise.studies.rebuild import rebuild as rebuilding

    return rebuilding(open_finished_run(run), **options)


def track_run(run: Path, *arguments: Any, **options: Any) -> str:
    from maskwise.training.mlflow_tracking import track_run as tracking

    return tracking(Run(run), *arguments, **options)


def audit(data: Path, out: Path, *, run: Path | None = None, **options: Any) -> Any:
    from maskwise.audit.run_audit import audit as auditing

    return auditing(data, out, run=None if run is None else Run(run), **options)
