"""The result of an ensemble: its scores by group, where it comes from, and what its report says."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.evaluation.write_run import Result, ScoredPhotos, write_run
from maskwise.inference.engine import Probabilities
from maskwise.models.decision import decide
from maskwise.models.member import Member
from maskwise.recipes.recipe_files import save_recipe
from maskwise.reporter import Reporter
from maskwise.reporting.run_report import LEFT_OUT, About
from maskwise.runs.lineage import Lineage, Parent
from maskwise.runs.metrics import Circumstances, Metrics
from maskwise.runs.predictions import persons_of, predictions_frame
from maskwise.runs.run import Run
from maskwise.runs.run_folder import RunFolder
from maskwise.runs.split_file import write_split

How = Literal["mean", "weighted", "vote", "soup"]


@dataclass(frozen=True, kw_only=True)
class CombinedRuns:
    """Combined runs, and their predictions for photos that none of them was trained on."""

    runs: Sequence[Run]
    how: How
    shared: pl.DataFrame  # photo, person, label (N)
    probabilities: Probabilities  # (N, C)
    counts: Sequence[int]  # how often each run counts
    chosen_here: bool  # the runs were chosen on these photos
    command: str  # that makes it again
    known: "KnownData"


@dataclass(frozen=True)
class KnownData:
    """What is known of the shared photos besides their labels; where the data are not what they were, why not."""

    table: PhotoTable | None  # (N)
    groups: dict[str, npt.NDArray[np.str_]]  # (N,) each
    missing: str = ""


def write_ensemble(folder: RunFolder, combined: CombinedRuns, members: Sequence[Member] | None) -> Metrics:
    """Write everything of an ensemble but its members.

    Args:
        folder: the ensemble's folder.
        combined: what was combined.
        members: whose mistakes the report shows; None leaves photos out.
    """
    first, shared, p = combined.runs[0], combined.shared, combined.probabilities
    known = pl.concat([run.trained_on for run in combined.runs], how="diagonal_relaxed")
    write_split(folder.split, known.unique("photo", maintain_order=True))
    save_recipe(folder.recipe, first.recipe)
    decided = decide(p, first.space, first.recipe.decision)
    metrics = _score(combined, decided)
    photos = ScoredPhotos(
        frame=predictions_frame(shared["photo"], shared["person"], shared["label"], p, first.space),
        paths=combined.known.table.paths if combined.known.table is not None else None,
        probabilities=p,
        decided=decided,
    )
    result = Result(
        metrics=metrics,
        space=first.space,
        about=_about(folder, combined, metrics),
        photos=photos,
        no_gallery=LEFT_OUT if members is None else combined.known.missing,
    )
    write_run(folder, result, lambda: _lineage(folder, combined), members=members)
    return metrics


def _lineage(folder: RunFolder, combined: CombinedRuns) -> Lineage:
    """The lineage of an ensemble: that of its first run, with what differs."""
    parents = tuple(
        Parent(role="member", run=str(run.path.resolve()), weights=run.weights) for run in combined.runs
    )
    return combined.runs[0].lineage.model_copy(
        update={
            "command": (*shlex.split(combined.command), "--out", str(folder.path)),
            "finished": True,
            "ensemble": combined.how,
            "parents": parents,
            "seconds": round(sum(run.lineage.seconds for run in combined.runs), 1),
        }
    )


def known_data(runs: Sequence[Run], shared: pl.DataFrame, data: Path | None, reporter: Reporter) -> KnownData:
    """The table and the groups of photos that runs share.

    If the data have moved or changed since the first run was trained, groups and pictures are
    left out, with a message.

    Args:
        runs: finished runs.
        shared: `photo`, `person` and `label` of the photos (N).
        data: where the data are, if not where the first run was trained.
        reporter: receives a message for what is left out.
    """
    first = runs[0]
    try:
        table = _table(first, shared, first.data_path(data))
        groups = grouping_columns(table.group_values(), first.recipe.data.groups)
    except InputError as error:
        missing = f"Groups and photos are left out. {error}"
        reporter.message(missing)
        return KnownData(None, {}, missing)
    return KnownData(table, groups)


def _table(run: Run, shared: pl.DataFrame, place: Path) -> PhotoTable:
    """The shared photos' rows, in their order.

    Raises:
        InputError: when the data are not what they were.
    """
    table = read_data(place, run.space)
    row_of = {photo: row for row, photo in enumerate(table.photos)}
    rows = [row_of[photo] for photo in shared["photo"] if photo in row_of]
    own = PhotoTable(table.frame[rows], table.root, table.space, table.notes)
    same = len(rows) == shared.height
    if same and not run.recipe.data.corrections:  # which change labels and persons
        labels = run.space.encode(own.label_indices())
        same = own.frame["person"].equals(shared["person"]) and bool(
            (labels == shared["label"].to_numpy()).all()
        )
    if not same:
        raise InputError(
            f"Expected {place} to have the photos of {run.path}, with their persons and labels, but it differs."
        )
    return own


def _score(combined: CombinedRuns, decided: npt.NDArray[np.int64]) -> Metrics:
    first, shared = combined.runs[0], combined.shared
    leaky = any(run.metrics.leaky for run in combined.runs)
    out_of_fold = any(run.lineage.folds is not None for run in combined.runs)
    circumstances = Circumstances(
        scored_on="held-out photos" if leaky else "out-of-fold" if out_of_fold else "held-out persons",
        leaky=leaky,
        persons_known=not shared["person"].null_count(),
        decision=first.recipe.decision,
        chosen_on_these_persons=combined.chosen_here
        or any(run.metrics.chosen_on_these_persons for run in combined.runs),
    )
    scores = score(
        first.space.decode(shared["label"].to_numpy()),
        decided,
        persons_of(shared),
        first.space,
        groups=combined.known.groups,
    )
    return Metrics.combine(circumstances, scores)


def _about(folder: RunFolder, combined: CombinedRuns, metrics: Metrics) -> About:
    first = combined.runs[0]
    names = [
        str(run.path) if count == 1 else f"{run.path} ({count} times)"
        for run, count in zip(combined.runs, combined.counts, strict=True)
    ]
    warnings = []
    if metrics.leaky:
        warnings.append(
            "Some of these runs were split by photo on purpose: the same persons are on both sides, and the score "
            "is inflated."
        )
    if metrics.chosen_on_these_persons:
        warnings.append("Epochs or members were chosen on these persons: the score is a little optimistic.")
    return About(
        title=f"{combined.how} of {len(combined.runs)} · {folder.path.name}",
        subtitle="an ensemble of maskwise runs",
        facts={
            "members": ", ".join(names),
            "how": {
                "mean": "the mean of their probabilities, weighted by how often each is listed",
                "weighted": "the mean of their probabilities, weighted by how often each was chosen",
                "vote": "one vote each; ties are broken by their probabilities",
                "soup": "one model whose weights are the mean of theirs",
            }[combined.how],
            "data": first.lineage.data.path,
            "scored": f"{metrics.scored_on}: photos that all of them predicted without having seen them",
            "decision": first.recipe.decision,
        },
        rebuild=f"{combined.command} --out {folder.path}-again",
        warnings=tuple(warnings),
        recipe=folder.recipe.read_text(encoding="utf-8"),
    )
