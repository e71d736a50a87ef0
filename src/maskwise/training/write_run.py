"""The end of a run: its member, the held-out predictions that the member makes, their scores, the report."""

from pathlib import Path
from typing import Any

import numpy as np

from maskwise.data.photo_source import PhotoSource
from maskwise.errors import InputError, MaskwiseError
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.files import write_json
from maskwise.inference.engine import Probabilities
from maskwise.inference.load_run import load_predictor
from maskwise.inference.predictor import Predictor
from maskwise.models.decision import decide
from maskwise.models.member import MemberCard, save_member
from maskwise.recipes.schema import Recipe
from maskwise.recipes.training_loop import TrainingPart
from maskwise.reporting.gallery import worst_mistakes
from maskwise.reporting.model_card import FILE as CARD_FILE
from maskwise.reporting.model_card import write_model_card
from maskwise.reporting.run_report import About, calibration_plot, write_report
from maskwise.training.checkpoints import load_checkpoint
from maskwise.training.lightning_module import TrainingModule
from maskwise.training.trainer import BEST, LAST, Fit
from maskwise.training.training_data import Prepared


def write_member(run: Path, module: TrainingModule, prepared: Prepared, recipe: Recipe) -> None:
    """Write `members/00` from the checkpoint that the recipe keeps."""
    best, last = run / "checkpoints" / BEST, run / "checkpoints" / LAST
    checkpoint = best if recipe.training.keep == "best" and best.is_file() else last
    module.load_state_dict(load_checkpoint(checkpoint)["state_dict"])
    card = MemberCard(
        label_space=prepared.table.space.to_dict(),
        training_boundaries=recipe.labels.boundaries,
        transform=recipe.transform,
        model=recipe.model,
        decision=recipe.decision,
        commonest_class=prepared.commonest_class,
    )
    save_member(run / "members" / "00", module.classifier, card)


def predict_held_out(run: Path, prepared: Prepared, source: PhotoSource) -> Probabilities:
    """Joint probabilities (N, C) of the held-out photos, by the member as it lies on disk."""
    predictor = load_predictor(run)
    predictor = Predictor(predictor.card, predictor.engine, source.faces)
    try:
        return predictor.predict_all([source.paths[row] for row in prepared.held_out_rows])
    except InputError as error:  # all of them were fine in the scan
        raise MaskwiseError(f"{error} Leave the photos alone while they are in use, and resume.") from error


def score_run(prepared: Prepared, recipe: Recipe, probabilities: Probabilities, fit: Fit) -> dict[str, Any]:
    """The content of `metrics.json`."""
    metrics = score_predictions(prepared, recipe, probabilities)
    metrics |= {"interrupted": fit.interrupted, "epochs": fit.epochs_done}
    metrics["seconds"] = round(sum(row["seconds"] for row in fit.history), 1)
    speeds = [row["images_per_second"] for row in fit.history]
    metrics["images_per_second"] = round(float(np.median(speeds)), 1) if speeds else None
    return metrics


def unscored_metrics(fit: Fit) -> dict[str, Any]:
    """The content of `metrics.json` of a run that holds nobody out."""
    return {
        "schema": 1,
        "scored_on": None,
        "leaky": False,
        "macro_f1": None,
        "interrupted": fit.interrupted,
        "epochs": fit.epochs_done,
        "seconds": round(sum(row["seconds"] for row in fit.history), 1),
    }


def score_predictions(prepared: Prepared, recipe: Recipe, probabilities: Probabilities) -> dict[str, Any]:
    """What `metrics.json` says of joint probabilities (H, C) of the held-out rows."""
    rows = prepared.held_out_rows
    table = prepared.table
    held_out = table.keep(prepared.held_out)
    predictions = decide(probabilities, table.space, recipe.decision)
    leaky = recipe.split.by == "photo"
    return {
        "schema": 1,
        "scored_on": "held-out photos" if leaky else "held-out persons",
        "leaky": leaky,
        "persons_known": not held_out.frame["person"].null_count(),
        "decision": recipe.decision,
        "chosen_on_these_persons": recipe.training.chooses_epochs,
        **score(
            held_out.label_indices(),
            predictions,
            prepared.groups[rows] if not leaky else table.persons[rows],
            table.space,
            groups=grouping_columns(held_out.group_values(), recipe.data.groups),
        ),
    }


def write_run_report(
    run: Path,
    data: Path,
    prepared: Prepared,
    recipe: Recipe,
    metrics: dict[str, Any],
    probabilities: Probabilities,
    fit: Fit,
    *,
    photos: bool,
) -> None:
    """Write the run's `report.html` and `MODEL_CARD.md`."""
    table, rows = prepared.table, prepared.held_out_rows
    labels = prepared.score_classes[rows]
    predictions = decide(probabilities, table.space, recipe.decision)
    held_out = table.keep(prepared.held_out)
    gallery = None
    if photos:
        gallery = worst_mistakes(
            [run], held_out.photos, held_out.paths, held_out.persons, labels, predictions, probabilities
        )
    about = _about(run, data, prepared, recipe, metrics)
    write_model_card(run / CARD_FILE, about.title, about.facts, metrics, table.space)
    write_report(
        run / "report.html",
        metrics,
        table.space,
        about,
        history=fit.history,
        gallery=gallery,
        extra=calibration_plot(probabilities, labels),
    )


def _about(run: Path, data: Path, prepared: Prepared, recipe: Recipe, metrics: dict[str, Any]) -> About:
    train = prepared.table.keep(~prepared.held_out & ~prepared.left_out)
    warnings = []
    if metrics["leaky"]:
        warnings.append(
            "This run was split by photo on purpose: the same persons stand on both sides, and the score is "
            "inflated. It shows what leakage does and says nothing about other persons."
        )
    if metrics["interrupted"]:
        warnings.append(
            f"Training was stopped after {metrics['epochs']} of {recipe.training.epochs} epochs; "
            "train with --resume goes on."
        )
    training = recipe.training
    facts = {
        "data": str(data),
        "trained on": f"{len(train):,} photos of {len(np.unique(train.persons)):,} persons",
        "held out": f"{metrics['n_photos']:,} photos of {metrics['n_persons']:,} persons, "
        f"{recipe.split.held_out:.0%}, by {recipe.split.by}, seed {recipe.split.seed}",
        "kept together": f"{len(prepared.joined)} persons who share near-identical photos"
        if prepared.joined
        else "nobody: no two persons share a photo",
        "set aside": f"{prepared.set_aside.height} photos that can't be used, "
        f"{prepared.unlabelled} without a label",
        "model": f"{recipe.model.backbone}, weights {recipe.model.weights}, "
        f"{recipe.transform.output_size[1]} x {recipe.transform.output_size[0]} px",
        "member": _member(training),
        "decision": recipe.decision,
        "speed": f"{metrics['images_per_second'] or 0:.0f} photos a second, {metrics['seconds'] / 60:.1f} minutes",
        "data fingerprint": prepared.fingerprint,
    }
    return About(
        title=f"{recipe.name} · {run.name}",
        subtitle=recipe.description or "a run of maskwise",
        facts=facts,
        rebuild=f"maskwise train {run}/recipe.yaml --data {data} --out {run}-again",
        warnings=tuple(warnings),
        recipe=(run / "recipe.yaml").read_text(encoding="utf-8"),
        set_aside=[(str(photo), str(reason)) for photo, reason in prepared.set_aside.rows()],
    )


def _member(training: TrainingPart) -> str:
    optimistic = "chosen on them, so the score is a little optimistic"
    if training.keep == "best":
        return f"the epoch with the best {training.metric} of the held-out persons: {optimistic}"
    if training.early_stopping is not None:
        return f"the last epoch, {training.metric} of the held-out persons having ended the training: {optimistic}"
    return "the last epoch: nothing was chosen on the held-out persons"


def save_metrics(run: Path, metrics: dict[str, Any]) -> None:
    """Write `metrics.json`."""
    write_json(run / "metrics.json", metrics)
