"""Fit linear heads on frozen features: a training of seconds, whose member is like any other."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from maskwise.data.photo_source import PhotoSource
from maskwise.data.split import assign_folds, person_strata
from maskwise.data.targets import Targets
from maskwise.errors import InputError, MaskwiseError
from maskwise.inference.engine import Probabilities
from maskwise.models.classifier import Classifier
from maskwise.models.heads.branches import BranchesHead
from maskwise.recipes.probe import LinearHeadPart, ProbePart
from maskwise.recipes.schema import Recipe
from maskwise.runs.lineage import HeadTrial
from maskwise.tasks.label_space import LabelSpace
from maskwise.training.choose_linear_head import Choice, choose_linear_head
from maskwise.training.fit_linear_head import LinearHead, Standardization, fit_linear_head
from maskwise.training.frozen_features import Features, frozen_features
from maskwise.training.trainer import Fit
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A fitted probe."""

    recipe: Recipe  # with what was chosen
    fit: Fit
    trials: tuple[HeadTrial, ...]
    held_out: Probabilities
    """Joint probabilities (H, C) of the held-out photos, from the features at hand."""


def train_probe(job: TrainingJob, data: TrainingData, classifier: Classifier, source: PhotoSource) -> Probe:
    """Fit the heads of a classifier whose backbone stays as it is.

    Args:
        job: whose recipe is resolved and has a probe.
        data: the photos.
        classifier: its head is set.
        source: where photos are read from.

    Raises:
        InputError: when the recipe names an attribute that the task does not have, or there are too few groups.
        MaskwiseError: when a photo can't be read any more.
    """
    recipe, part, space = job.recipe, job.recipe.probe, data.table.space
    head = classifier.head
    assert part is not None
    assert isinstance(head, BranchesHead)  # the recipe's schema asks for it
    _check_names(part, space)
    begin = time.perf_counter()
    features = frozen_features(
        classifier,
        source,
        workers=int(recipe.training.workers),
        progress=job.reporter.progress("computing features"),
    )
    seconds = time.perf_counter() - begin
    rows = data.train_rows
    scaling = Standardization.of(features[rows])
    folds, labels = _folds(data, part.folds), space.decode(data.train_classes)
    chosen, trials = dict[str, LinearHeadPart](), list[HeadTrial]()
    for place, attribute in enumerate(space.attributes):
        targets = attribute_targets(data.targets[rows], space, place)
        given = part.heads.get(attribute.name, LinearHeadPart())
        choice = choose_linear_head(features[rows], targets, labels[:, place], folds, given)
        fitted = fit_linear_head(
            scaling.apply(features[rows]), targets, strength=choice.strength, balance=choice.balance
        )
        _set_branch(head.branches[place], scaling.fold_into(fitted))
        chosen[attribute.name] = LinearHeadPart(strength=choice.strength, balance=choice.balance)
        trials += [
            HeadTrial(attribute=attribute.name, strength=t.strength, balance=t.balance, macro_f1=t.macro_f1)
            for t in choice.trials
        ]
        job.reporter.message(_describe(attribute.name, choice))
    total = time.perf_counter() - begin
    return Probe(
        recipe=recipe.model_copy(update={"probe": part.model_copy(update={"heads": chosen})}),
        fit=Fit.of_probe(seconds=total, images_per_second=len(features) / max(seconds, 1e-9)),
        trials=tuple(trials),
        held_out=_probabilities(head, features[data.held_out_rows]),
    )


def attribute_targets(targets: Targets, space: LabelSpace, place: int) -> Targets:
    """Probabilities (N, V) of one attribute's values, summed out of joint targets (N, C)."""
    cube = targets.reshape(-1, *space.sizes)
    others = tuple(axis + 1 for axis in range(len(space.sizes)) if axis != place)
    return np.asarray(cube.sum(axis=others), dtype=np.float32)


def check_member(member: Probabilities, expected: Probabilities) -> None:
    """Check that the member on disk gives what was fitted, on some held-out photos.

    Raises:
        MaskwiseError: when it does not.
    """
    difference = float(np.abs(member - expected).max(initial=0))
    if not difference < 1e-3:
        raise MaskwiseError(
            f"Expected the member to give the probabilities that were fitted, got a difference of {difference:.2g}: "
            "the photos changed, or features in the cache are not this backbone's."
        )


def _check_names(part: ProbePart, space: LabelSpace) -> None:
    names = [attribute.name for attribute in space.attributes]
    if wrong := [name for name in part.heads if name not in names]:
        raise InputError(f"probe.heads: expected names of {', '.join(names)}, got {wrong[0]!r}.")


def _folds(data: TrainingData, n_folds: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    rows = data.train_rows
    groups = data.split.groups[rows]
    n_folds = min(n_folds, len(np.unique(groups)))
    return assign_folds(groups, person_strata(data.table)[rows], n_folds=n_folds, seed=0)


@torch.no_grad()
def _set_branch(branch: nn.Module, head: LinearHead) -> None:
    assert isinstance(branch, nn.Linear)
    branch.weight.copy_(torch.from_numpy(head.weights.T.copy()))
    branch.bias.copy_(torch.from_numpy(head.bias))


def _probabilities(head: BranchesHead, features: Features) -> Probabilities:
    with torch.inference_mode():
        return np.asarray(head.cpu().eval()(torch.from_numpy(features)).softmax(dim=1).numpy())


def _describe(name: str, choice: Choice) -> str:
    setting = f"{name}: strength {choice.strength:g}, balance {choice.balance:g}"
    if not choice.trials:
        return f"{setting}, as the recipe says."
    best = max(trial.macro_f1 for trial in choice.trials)
    return f"{setting}, chosen by folds of the training groups among {len(choice.trials)}; macro F1 there {best:.3f}."
