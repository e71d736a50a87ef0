"""How classes are decided: by the run's own rule, another, or what was fitted on out-of-fold predictions."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.inference.engine import Card
from maskwise.inference.exported import ExportedCard, Model
from maskwise.models.decision import Rule, decide
from maskwise.models.tuned_decision import TunedDecision
from maskwise.runs.run import Run
from maskwise.tasks.label_space import LabelSpace

Name = Literal["joint", "marginal", "weighted"]


@dataclass(frozen=True)
class Choice:
    """A decision; `tuned` is there where it is weighted or calibrated."""

    name: Name
    tuned: TunedDecision | None = None
    calibrated: bool = False
    threshold: float = 0.0  # below this confidence there is no answer

    def probabilities(self, raw: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Probabilities (N, C) as they are reported: calibrated where that was asked for."""
        if self.calibrated and self.tuned is not None:
            return self.tuned.calibrated(raw)
        return raw.astype(np.float64)

    def classes(self, raw: npt.NDArray[np.floating], space: LabelSpace) -> npt.NDArray[np.int64]:
        """Joint classes (N,) of probabilities (N, C)."""
        if self.name == "weighted" and self.tuned is not None:
            return self.tuned.weighted(raw)
        rule: Rule = "joint" if self.name == "joint" else "marginal"
        return decide(self.probabilities(raw), space, rule)

    def label(self) -> str:
        """The value of the column `decision`."""
        return f"{self.name}, calibrated" if self.calibrated else self.name

    def abstains(self, raw: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Photos (N,) that are too unsure for an answer, at the fitted temperature."""
        if self.tuned is None or self.threshold == 0:
            return np.zeros(len(raw), dtype=bool)
        return np.asarray(self.tuned.calibrated(raw).max(axis=1) < self.threshold)


def create_choice(
    model: Model,
    card: Card,
    name: Name | None = None,
    *,
    calibrated: bool = False,
    accuracy: float | None = None,
) -> Choice:
    """The decision that a call asks for; by default the run's own rule.

    Args:
        model: a run, or an exported file.
        card: the model's description; its rule is the default.
        name: another rule, or `weighted`.
        calibrated: report probabilities at the fitted temperature.
        accuracy: answer only where answers are right this often.

    Raises:
        InputError: when a fitted decision is asked for, and the run has none, or none for this accuracy.
    """
    wanted = name == "weighted" or calibrated or accuracy is not None
    fitted = _fitted(model, card) if wanted else None
    threshold = 0.0
    if fitted is not None and accuracy is not None:
        known = {float(asked): found[0] for asked, found in fitted.thresholds.items()}
        if accuracy not in known:
            raise InputError(
                f"Expected the accuracy of answers to be one of {', '.join(f'{k:g}' for k in known)}, for which "
                f"{model.path} has thresholds, got {accuracy:g}.",
                setting="abstain",
            )
        threshold = known[accuracy]
        if name is not None and name != fitted.rule:
            raise InputError(
                f"Expected the rule {fitted.rule}, which the thresholds to abstain were fitted for, got {name}.",
                setting="decision",
            )
    return Choice(name or card.decision, fitted, calibrated, threshold)


def _fitted(model: Model, card: Card) -> TunedDecision:
    if isinstance(model, Run):
        return model.decision
    if not isinstance(card, ExportedCard) or card.tuned is None:
        raise InputError(
            f"Expected {model.path} to have a fitted decision, got none: the run it was made of had none; "
            "train one with folds."
        )
    return card.tuned
