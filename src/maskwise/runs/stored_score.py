"""The part of a run's score that goes along with its model: into a card, an exported file, a service."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from maskwise.runs.metrics import AttributeScores, Figure, Metrics


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


def kept_score(metrics: Metrics, attributes: Sequence[str]) -> KeptScore | None:
    """The score of a run, of a refit that of its folds; None where nothing was measured.

    Args:
        metrics: the run's scores.
        attributes: the attributes' names.
    """
    measured = metrics.measured
    if measured.macro_f1 is None or measured.scored_on is None:
        return None
    return KeptScore(
        macro_f1=measured.macro_f1,
        accuracy=measured.accuracy,
        attributes={name: measured.attributes.get(name, AttributeScores()).macro_f1 for name in attributes},
        scored_on=measured.scored_on,
        n_persons=measured.n_persons,
        n_photos=measured.n_photos,
        persons_known=measured.persons_known,
        leaky=measured.leaky,
        few_persons=measured.few_persons,
        chosen_on_these_persons=measured.chosen_on_these_persons,
        refit=metrics.folds is not None,
    )
