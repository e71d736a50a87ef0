"""Runs that a run learns from: teachers, labellers, starting weights. None may know the held-out persons."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from maskwise.data.leakage import check_parent
from maskwise.data.targets import Targets
from maskwise.errors import InputError
from maskwise.evaluation.evaluate_run import trained_photos
from maskwise.inference.load_run import load_predictor
from maskwise.models.classifier import Classifier
from maskwise.models.member import load_member
from maskwise.recipes.parent_runs import DistillationPart
from maskwise.recipes.schema import Recipe
from maskwise.runs.lineage import Parent
from maskwise.runs.run import Run, open_run
from maskwise.tasks.label_space import LabelSpace
from maskwise.training.training_data import TrainingData


def parents_of(recipe: Recipe) -> dict[str, Path]:
    """The runs that a recipe names, by what they are for."""
    named = {
        "teacher": recipe.distillation.run if recipe.distillation else None,
        "labeller": recipe.pseudo_labels.run if recipe.pseudo_labels else None,
        "start": recipe.start_from,
    }
    return {role: Path(run) for role, run in named.items() if run is not None}


def check_parents(recipe: Recipe, space: LabelSpace) -> tuple[Parent, ...]:
    """Check that the runs exist and have the same classes; their entries for the lineage.

    Raises:
        InputError: when one is no finished run, or has other classes.
    """
    entries = []
    for role, path in parents_of(recipe).items():
        run = open_run(path)
        load_member(run.member_folders[0])  # broken weights are found before the training
        if role != "start" and run.space.class_names != space.class_names:
            raise InputError(
                f"Expected the {role} {path} to have the classes of the data, {', '.join(space.class_names[:2])}, ..., "
                f"got {', '.join(run.space.class_names[:2])}, ..."
            )
        entries.append(Parent(role=role, run=str(path.resolve()), weights=run.weights))
    return tuple(entries)


def check_parents_leak(recipe: Recipe, data: TrainingData) -> None:
    """Refuse runs that were trained on held-out persons, themselves or through runs that they learned from.

    Raises:
        LeakError: naming the run, and how many held-out photos it knows.
        InputError: when a run that one of them learned from is gone, so that it can't be checked.
    """
    held_out = data.held_out_side()
    for role, run in parents_of(recipe).items():
        for ancestor in _with_ancestors(run):
            check_parent(f"{role} {ancestor.path}", held_out, trained_photos(ancestor))


def _with_ancestors(path: Path) -> Iterator[Run]:
    if not path.is_dir():
        raise InputError(
            f"Expected {path} to exist, as its split says what it was trained on, but it does not."
        )
    run = Run(path)
    yield run
    for parent in run.lineage.parents:
        yield from _with_ancestors(Path(parent.run))


def start_backbone(classifier: Classifier, run: Path, backbone: str) -> None:
    """Give a classifier the backbone of a run.

    Raises:
        InputError: when its architecture is another.
    """
    member = load_member(open_run(run).member_folders[0])
    if member.card.model.backbone != backbone:
        raise InputError(
            f"Expected the backbone of {run} to be {backbone}, got {member.card.model.backbone}: set "
            "model.backbone to it, or start from another run."
        )
    classifier.backbone.load_state_dict(member.classifier.backbone.state_dict())


def teach(data: TrainingData, part: DistillationPart | None, paths: Sequence[Path]) -> Targets:
    """Targets (N, C) of all rows, those of training photos mixed with the teacher's probabilities.

    The teacher predicts each photo once, transformed as in evaluation: its probabilities become soft labels, which
    are mixed and sampled like any others.
    """
    if part is None:
        return data.targets
    rows = data.train_rows
    predictor = load_predictor(open_run(Path(part.run)))
    targets = data.targets.copy()
    probabilities = predictor.predict_all([paths[row] for row in rows])
    logits = torch.from_numpy(probabilities).clamp_min(1e-12).log() / part.temperature
    targets[rows] = (1 - part.weight) * targets[rows] + part.weight * logits.softmax(dim=1).numpy()
    return targets.astype(np.float32)
