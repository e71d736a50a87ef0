"""What the report and the card of a trained run say besides its scores."""

import numpy as np

from maskwise.evaluation.face_counts import describe_faces
from maskwise.models.tuned_decision import TunedDecision
from maskwise.recipes.probe import ProbePart
from maskwise.recipes.schema import Recipe
from maskwise.recipes.training_loop import TrainingPart
from maskwise.reporting.run_report import About
from maskwise.runs.lineage import FaceCounts
from maskwise.runs.metrics import Metrics
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob


def describe_training(
    job: TrainingJob, data: TrainingData, metrics: Metrics, faces: FaceCounts | None = None
) -> About:
    """The facts about one training."""
    recipe, folder, photos = job.recipe, job.folder, data.photos
    train = data.table.keep(~data.split.held_out & ~data.left_out)
    warnings = []
    if metrics.leaky:
        warnings.append(
            "This run was split by photo on purpose: the same persons stand on both sides, and the score is "
            "inflated. It shows what leakage does and says nothing about other persons."
        )
    if metrics.interrupted:
        warnings.append(
            f"Training was stopped after {metrics.epochs} of {recipe.training.epochs} epochs; "
            "resuming the run goes on."
        )
    facts = {
        "data": str(job.data),
        "trained on": f"{len(train):,} photos of {len(np.unique(train.persons)):,} persons",
        "held out": f"{metrics.n_photos:,} photos of {metrics.n_persons:,} persons, "
        f"{recipe.split.held_out:.0%}, by {recipe.split.by}, seed {recipe.split.seed}",
        "kept together": f"{len(data.split.joined)} persons who share near-identical photos"
        if data.split.joined
        else "nobody: no two persons share a photo",
        "set aside": f"{photos.set_aside.height} photos that can't be used, "
        f"{photos.unlabelled} without a label",
        "model": f"{recipe.model.backbone}, weights {recipe.model.weights}, "
        f"{recipe.transform.output_size[1]} x {recipe.transform.output_size[0]} px",
        "member": _kept_epoch(recipe.training) if recipe.probe is None else _heads(recipe.probe),
        "decision": recipe.decision,
        "speed": f"{metrics.images_per_second or 0:.0f} photos a second, {(metrics.seconds or 0) / 60:.1f} minutes",
        "data fingerprint": photos.fingerprint,
    }
    if faces is not None:
        facts["faces"] = describe_faces(faces)
    return About(
        title=f"{recipe.name} · {folder.path.name}",
        subtitle=recipe.description or "a run of maskwise",
        facts=facts,
        rebuild=f"maskwise train {folder.recipe} --data {job.data} --out {folder.path}-again",
        warnings=tuple(warnings),
        recipe=folder.recipe.read_text(encoding="utf-8"),
        set_aside=[(str(photo), str(reason)) for photo, reason in photos.set_aside.rows()],
    )


def _heads(probe: ProbePart) -> str:
    settings = "; ".join(
        f"{name}: strength {head.strength:g}, balance {head.balance:g}"
        for name, head in probe.heads.items()
        if head.strength is not None and head.balance is not None
    )
    return f"linear heads on frozen features, chosen on the training persons alone: {settings}"


def _kept_epoch(training: TrainingPart) -> str:
    optimistic = "chosen on them, so the score is a little optimistic"
    if training.keep == "best":
        return f"the epoch with the best {training.metric} of the held-out persons: {optimistic}"
    if training.early_stopping is not None:
        return f"the last epoch, {training.metric} of the held-out persons having ended the training: {optimistic}"
    return "the last epoch: nothing was chosen on the held-out persons"


def describe_folds(
    job: TrainingJob, metrics: Metrics, decision: TunedDecision, *, folds: int, refit: bool
) -> About:
    """The facts about a cross-validation."""
    recipe: Recipe = job.recipe
    folder = job.folder
    low, high = decision.gain_ci95
    facts = {
        "data": str(job.data),
        "scored": f"out-of-fold: {folds} folds by person, split seed {recipe.split.seed}",
        "macro F1 fold by fold": ", ".join(f"{score.value:.3f}" for score in metrics.by_fold),
        "member": "one, trained on everybody for as many epochs as the folds found best: it has no held-out score; the "
        "score shown is that of the folds"
        if refit
        else f"{folds}, one for each fold, their probabilities averaged: the score is that of one of them",
        "decision": recipe.decision,
        "calibration error": f"{decision.calibration_error[0]:.3f}; at temperature {decision.temperature:.2f}, "
        f"fitted on other folds, {decision.calibration_error[1]:.3f}",
        "weights for macro F1": f"gain {decision.gain:+.3f} ({low:+.3f} to {high:+.3f}) on folds they were not "
        "fitted on; off unless asked for",
        "when it may abstain": "; ".join(
            f"to be right {float(asked):.0%} of the time it answers {kept:.0%} of the photos above a confidence of "
            f"{threshold:.2f} (on other folds {reached:.0%} right)"
            for asked, (threshold, kept, reached) in decision.thresholds.items()
        ),
    }
    flag = " --refit" if refit else ""
    return About(
        title=f"{recipe.name} · {folder.path.name}",
        subtitle=recipe.description or "a run of maskwise",
        facts=facts,
        rebuild=f"maskwise train {folder.recipe} --data {job.data} --folds {folds}{flag} --out {folder.path}-again",
        recipe=folder.recipe.read_text(encoding="utf-8"),
    )
