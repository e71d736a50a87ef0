"""Runs that a run learns from: teachers, labellers, starting weights. None may know the held-out persons."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from maskwise.data.leakage import check_parent
from maskwise.data.targets import Targets
from maskwise.errors import InputError
from maskwise.evaluation.evaluate_run import trained_photos
from maskwise.files import read_json
from maskwise.inference.load_run import load_predictor
from maskwise.models.classifier import Classifier
from maskwise.models.member import load_member
from maskwise.recipes.schema import Recipe
from maskwise.runs.members import member_folders, run_identity
from maskwise.tasks.label_space import LabelSpace
from maskwise.training.training_data import Prepared


def parents_of(recipe: Recipe) -> dict[str, Path]:
    """The runs that a recipe names, by what they are for."""
    named = {
        "teacher": recipe.distillation.run if recipe.distillation else None,
        "labeller": recipe.pseudo_labels.run if recipe.pseudo_labels else None,
        "start": recipe.start_from,
    }
    return {role: Path(run) for role, run in named.items() if run is not None}


def check_parents(recipe: Recipe, space: LabelSpace) -> list[dict[str, Any]]:
    """Check that the runs exist and tell the same classes apart; their entries for `lineage.json`.

    Raises:
        InputError: when one is no finished run, or has other classes.
    """
    entries = []
    for role, run in parents_of(recipe).items():
        member = load_member(member_folders(run)[0])
        if role != "start" and member.card.space.class_names != space.class_names:
            raise InputError(
                f"Expected the {role} {run} to have the classes of the data, {', '.join(space.class_names[:2])}, ..., "
                f"got {', '.join(member.card.space.class_names[:2])}, ..."
            )
        entries.append({"role": role, "run": str(run.resolve()), "weights": run_identity(run)})
    return entries


def check_parents_leak(recipe: Recipe, prepared: Prepared) -> None:
    """Refuse runs that were trained on held-out persons, themselves or through runs that they learnt from.

    Raises:
        LeakError: naming the run, and how many held-out photos it knows.
        InputError: when a run that one of them learnt from is gone, so that nobody can tell.
    """
    held_out = prepared.held_out_side()
    for role, run in parents_of(recipe).items():
        for ancestor in _with_ancestors(run):
            check_parent(f"{role} {ancestor}", held_out, trained_photos(ancestor))


def _with_ancestors(run: Path) -> Iterator[Path]:
    if not run.is_dir():
        raise InputError(
            f"Expected {run} to be there, to tell what it was trained on, but it does not exist."
        )
    yield run
    for parent in read_json(run / "lineage.json").get("parents", []):
        yield from _with_ancestors(Path(parent["run"]))


def start_backbone(classifier: Classifier, run: Path, backbone: str) -> None:
    """Give a classifier the backbone of a run.

    Raises:
        InputError: when its architecture is another.
    """
    member = load_member(member_folders(run)[0])
    if member.card.model.backbone != backbone:
        raise InputError(
            f"Expected the backbone of {run} to be {backbone}, got {member.card.model.backbone}: set "
            "model.backbone to it, or start from another run."
        )
    classifier.backbone.load_state_dict(member.classifier.backbone.state_dict())


def teach(prepared: Prepared, recipe: Recipe, paths: Sequence[Path]) -> Targets:
    """Targets (R, C) of all rows, those of training photos mixed with the teacher's probabilities.

    The teacher looks at each photo once, as evaluation sees it: its knowledge becomes soft labels, which are mixed,
    sampled and saved like any others.
    """
    part = recipe.distillation
    if part is None:
        return prepared.train_targets
    predictor = load_predictor(Path(part.run))
    targets = prepared.train_targets.copy()
    told = predictor.predict_all([paths[row] for row in prepared.train_rows])
    logits = torch.from_numpy(told).clamp_min(1e-12).log() / part.temperature
    taught = part.weight * logits.softmax(dim=1).numpy()
    targets[prepared.train_rows] = (1 - part.weight) * targets[prepared.train_rows] + taught
    return targets.astype(np.float32)
