"""A decision fitted on out-of-fold predictions, its gain measured on folds that it was not fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from maskwise.metrics.calibration import calibration_error
from maskwise.metrics.classification import Floats, macro_f1, macro_f1_of, stacked_by_person
from maskwise.metrics.paired_difference import Difference, paired_difference
from maskwise.models.decision import Rule, decide
from maskwise.models.tuned_decision import TunedDecision, weighted_classes, with_temperature
from maskwise.tasks.label_space import LabelSpace

Ints = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.floating]

ACCURACIES = (0.8, 0.9, 0.95)
_STEPS = (0.5, 0.7, 0.85, 1.2, 1.4, 2.0)
_ROUNDS = 3


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for persons by a model that had not seen them."""

    probabilities: Probabilities  # (N, C)
    labels: Ints  # (N,)
    persons: npt.NDArray[np.str_]  # (N,)
    folds: Ints  # (N,)

    def of(self, rows: npt.NDArray[np.bool_]) -> "OutOfFold":
        """Some rows."""
        return OutOfFold(self.probabilities[rows], self.labels[rows], self.persons[rows], self.folds[rows])


def fit_temperature(probabilities: Probabilities, labels: Ints) -> float:
    """The temperature with the least negative log-likelihood of the labels (N,)."""

    def loss(log_temperature: float) -> float:
        calibrated = with_temperature(probabilities, float(np.exp(log_temperature)))
        return float(-np.log(calibrated[np.arange(len(labels)), labels] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))


def fit_class_weights(probabilities: Probabilities, labels: Ints) -> npt.NDArray[np.float64]:
    """Weights (C,) of the classes that raise macro F1 of these very photos: class by class, in a few rounds.

    What they raise there is no measure of what they are worth: see `nested_gain`.
    """
    n_classes = probabilities.shape[1]
    weights = np.ones(n_classes)
    best = macro_f1_of(labels, weighted_classes(probabilities, weights), n_classes)
    for _ in range(_ROUNDS):
        before = best
        for place in range(n_classes):
            for step in _STEPS:
                tried = weights.copy()
                tried[place] *= step
                score = macro_f1_of(labels, weighted_classes(probabilities, tried), n_classes)
                if score > best:
                    best, weights = score, tried
        if best == before:
            break
    return weights


def nested_gain(
    data: OutOfFold,
    fit: Callable[[OutOfFold], Callable[[OutOfFold], Ints]],
    base: Callable[[OutOfFold], Ints],
) -> Difference:
    """What a fitted decision gains in macro F1 on folds that it was not fitted on, paired by person.

    Args:
        data: out-of-fold predictions.
        fit: from some folds' predictions to a decision, a function that gives classes (N,).
        base: the decision that it is compared with.
    """
    n_classes = data.probabilities.shape[1]
    fitted = np.empty(len(data.labels), dtype=np.int64)
    for fold in np.unique(data.folds):
        inside = data.folds == fold
        fitted[inside] = fit(data.of(~inside))(data.of(inside))

    def counts(predictions: Ints) -> Floats:
        return stacked_by_person(data.labels, predictions, data.persons, n_classes)

    return paired_difference(macro_f1, counts(base(data)), counts(fitted))


def abstention_threshold(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], accuracy: float
) -> float:
    """The lowest confidence from which on photos (N,) are right as often as asked; above 1 where there is none."""
    order = np.argsort(-confidence, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(reached >= accuracy)
    return float(confidence[order[enough[-1]]]) if len(enough) else 1.01


def tune_decision(data: OutOfFold, space: LabelSpace, rule: Rule) -> TunedDecision:
    """Fit temperature, class weights and abstention on all folds, and measure each on folds left out."""
    calibrated = np.empty_like(data.probabilities, dtype=np.float64)
    for fold in np.unique(data.folds):
        inside = data.folds == fold
        temperature = fit_temperature(data.probabilities[~inside], data.labels[~inside])
        calibrated[inside] = with_temperature(data.probabilities[inside], temperature)

    def fit(some: OutOfFold) -> Callable[[OutOfFold], Ints]:
        weights = fit_class_weights(some.probabilities, some.labels)
        return lambda others: weighted_classes(others.probabilities, weights)

    gain = nested_gain(data, fit, lambda some: decide(some.probabilities, space, rule))
    temperature = fit_temperature(data.probabilities, data.labels)
    return TunedDecision(
        temperature=temperature,
        class_weights=tuple(fit_class_weights(data.probabilities, data.labels).tolist()),
        rule=rule,
        calibration_error=(
            calibration_error(data.probabilities, data.labels),
            calibration_error(calibrated, data.labels),
        ),
        gain=gain.value,
        gain_ci95=gain.ci95,
        thresholds={
            f"{accuracy:g}": _abstention(
                data, calibrated, decide(calibrated, space, rule), accuracy, temperature
            )
            for accuracy in ACCURACIES
        },
    )


def _abstention(
    data: OutOfFold, calibrated: npt.NDArray[np.float64], decided: Ints, accuracy: float, temperature: float
) -> tuple[float, float, float]:
    """The threshold fitted on all, and the share kept and the accuracy reached where it was fitted on other folds."""
    right = decided == data.labels
    confidence = calibrated.max(axis=1)
    kept = np.zeros(len(right), dtype=bool)
    for fold in np.unique(data.folds):
        inside = data.folds == fold
        kept[inside] = confidence[inside] >= abstention_threshold(
            confidence[~inside], right[~inside], accuracy
        )
    final = with_temperature(data.probabilities, temperature).max(axis=1)
    threshold = abstention_threshold(final, right, accuracy)
    return threshold, float(kept.mean()), float(right[kept].mean()) if kept.any() else 0.0


def choose_members(
    members: Sequence[Probabilities],
    labels: Ints,
    *,
    most: int = 10,
    rows: npt.NDArray[np.bool_] | None = None,
) -> list[int]:
    """Members that raise macro F1 of their mean most, one at a time, with repetition allowed.

    After R. Caruana et al., "Ensemble Selection from Libraries of Models", 2004: a member that differs is chosen
    over one that is better alone.

    Args:
        members: out-of-fold probabilities (N, C) of each.
        labels: joint classes (N,).
        most: how many choices.
        rows: the photos (N,) that may be looked at; all by default.
    """
    keep = np.ones(len(labels), dtype=bool) if rows is None else rows
    total = np.zeros_like(members[0][keep], dtype=np.float64)
    chosen: list[int] = []
    best = -1.0
    for _ in range(most):
        scores = [
            macro_f1_of(labels[keep], (total + member[keep]).argmax(axis=1), total.shape[1])
            for member in members
        ]
        place = int(np.argmax(scores))
        if scores[place] <= best:
            break
        best = scores[place]
        chosen.append(place)
        total += members[place][keep]
    return chosen


def nested_choice_gain(
    members: Sequence[Probabilities], labels: Ints, persons: npt.NDArray[np.str_], folds: Ints
) -> Difference:
    """What choosing members gains over the best single one, both chosen on folds that are not scored."""
    n_classes = members[0].shape[1]
    classes = {name: np.empty(len(labels), dtype=np.int64) for name in ("single", "chosen")}
    for fold in np.unique(folds):
        inside = folds == fold
        alone = [macro_f1_of(labels[~inside], m[~inside].argmax(axis=1), n_classes) for m in members]
        classes["single"][inside] = members[int(np.argmax(alone))][inside].argmax(axis=1)
        picked = choose_members(members, labels, rows=~inside)
        classes["chosen"][inside] = np.mean([members[k][inside] for k in picked], axis=0).argmax(axis=1)
    counts = [stacked_by_person(labels, classes[name], persons, n_classes) for name in ("single", "chosen")]
    return paired_difference(macro_f1, *counts)
