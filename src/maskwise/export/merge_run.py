"""A run read, and merged into one graph with the card that goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from maskwise.export.graph import ExportGraph
from maskwise.files import read_json
from maskwise.inference.exported import ExportedCard
from maskwise.inference.load_run import create_predictor, load_members
from maskwise.inference.predictor import Predictor
from maskwise.models.ensemble import load_ensemble
from maskwise.models.tuned_decision import FILE as DECISION_FILE
from maskwise.models.tuned_decision import load_decision
from maskwise.runs.members import run_identity
from maskwise.runs.stored_score import KeptScore, kept_score


@dataclass(frozen=True)
class Merged:
    """A run in PyTorch, the same as one graph, and what a file of it says of itself."""

    predictor: Predictor
    graph: ExportGraph
    card: ExportedCard


def merge_run(
    run: Path, precision: Literal["fp32", "int8"] = "fp32", device: torch.device | None = None
) -> Merged:
    """A run as one graph.

    Args:
        run: a run folder.
        precision: what the card is to say.
        device: where the predictor computes; a GPU where there is one by default.

    Raises:
        InputError: when the run can't be read.
    """
    members = load_members(run)
    ensemble = load_ensemble(run, len(members))
    predictor = create_predictor(members, ensemble, device)
    graph = ExportGraph(members, ensemble)
    space = predictor.space
    card = ExportedCard(
        name=run.resolve().name,
        label_space=space.to_dict(),
        values={a.label_column: a.values for a in space.attributes},
        transforms=graph.transforms,
        decision=predictor.card.decision,
        commonest_class=predictor.card.commonest_class,
        precision=precision,
        tuned=load_decision(run) if (run / DECISION_FILE).is_file() else None,
        weights=run_identity(run),
        score=score_of(run, [attribute.name for attribute in space.attributes]),
    )
    return Merged(predictor, graph, card)


def score_of(run: Path, names: Sequence[str]) -> KeptScore | None:
    """What of a run's score goes along with its model; None where there is none."""
    path = run / "metrics.json"
    return kept_score(read_json(path), names) if path.is_file() else None
