"""Regularisation and class weights of a linear head, chosen by folds of the training groups."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.metrics.classification import macro_f1_of
from maskwise.recipes.probe import LinearHeadPart
from maskwise.training.fit_linear_head import Floats, LinearHead, Standardization, fit_linear_head

STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)
BALANCES = (0.5, 0.0, 0.75, 1.0)
"""Tried in this order: the strength is chosen with the first."""


@dataclass(frozen=True)
class Trial:
    """What one setting reached on the folds."""

    strength: float
    balance: float
    macro_f1: float


@dataclass(frozen=True)
class Choice:
    """The setting that was chosen, and all that were tried."""

    strength: float
    balance: float
    trials: tuple[Trial, ...]


def choose_linear_head(
    features: Floats,
    targets: Floats,
    labels: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64],
    given: LinearHeadPart,
) -> Choice:
    """The setting with the best macro F1 of out-of-fold predictions; of equals the more regularised one.

    The strength is chosen first, then the balance with that strength.

    Args:
        features: of the training photos (N, F).
        targets: probabilities of the attribute's values (N, V).
        labels: its value (N,), to score by.
        folds: of each photo (N,); a group lies in one.
        given: what the recipe says; null is chosen.
    """
    strengths = STRENGTHS if given.strength is None else (given.strength,)
    balances = BALANCES if given.balance is None else (given.balance,)
    if len(strengths) == 1 and len(balances) == 1:
        return Choice(strengths[0], balances[0], ())
    trials = _try_strengths(features, targets, labels, folds, strengths, balances[0])
    best = max(trials, key=lambda trial: trial.macro_f1)
    for balance in balances[1:]:
        trials += _try_strengths(features, targets, labels, folds, (best.strength,), balance)
    best = max(trials, key=lambda trial: trial.macro_f1)
    return Choice(best.strength, best.balance, tuple(trials))


def _try_strengths(
    features: Floats,
    targets: Floats,
    labels: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64],
    strengths: tuple[float, ...],
    balance: float,
) -> list[Trial]:
    predictions = np.zeros((len(strengths), len(labels)), dtype=np.int64)
    for fold in np.unique(folds):
        inside, outside = folds != fold, folds == fold
        scaling = Standardization.of(features[inside])
        known, unseen = scaling.apply(features[inside]), scaling.apply(features[outside])
        head: LinearHead | None = None
        for place, strength in enumerate(strengths):  # each begins where the one before ended
            head = fit_linear_head(known, targets[inside], strength=strength, balance=balance, start=head)
            predictions[place, outside] = head.logits(unseen).argmax(axis=1)
    return [
        Trial(strength, balance, macro_f1_of(labels, own, targets.shape[1]))
        for strength, own in zip(strengths, predictions, strict=True)
    ]
