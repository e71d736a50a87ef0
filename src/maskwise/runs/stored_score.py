"""What of a run's score goes along with its model: into a card, an exported file, a service."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict


class Figure(BaseModel):
    """A score with its 95% interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    ci95: tuple[float, float]


class KeptScore(BaseModel):
    """A measured score, and on whom it rests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    macro_f1: Figure
    accuracy: Figure | None
    attributes: dict[str, Figure | None]  # macro F1 of each
    scored_on: str  # held-out persons, held-out photos or out-of-fold
    n_persons: int
    n_photos: int
    persons_known: bool
    leaky: bool  # persons stood on both sides
    few_persons: bool
    chosen_on_these_persons: bool  # an epoch or members
    refit: bool  # it is the score of models that were trained on a part of those whom this one was trained on


def kept_score(metrics: Mapping[str, Any], attributes: Sequence[str]) -> KeptScore | None:
    """The score in a run's `metrics.json`, of a refit that of its folds; None where nothing was measured.

    Args:
        metrics: the content of `metrics.json`.
        attributes: the attributes' names.
    """
    refit = "folds" in metrics
    measured = metrics["folds"] if refit else metrics
    if measured.get("macro_f1") is None or measured.get("scored_on") is None:
        return None
    return KeptScore(
        macro_f1=measured["macro_f1"],
        accuracy=measured.get("accuracy"),
        attributes={name: (measured.get(name) or {}).get("macro_f1") for name in attributes},
        scored_on=measured["scored_on"],
        n_persons=measured["n_persons"],
        n_photos=measured["n_photos"],
        persons_known=measured.get("persons_known", True),
        leaky=measured.get("leaky", False),
        few_persons=measured.get("few_persons", False),
        chosen_on_these_persons=measured.get("chosen_on_these_persons", False),
        refit=refit,
    )
