"""What an ensemble's folder says of it: predictions, score by group, where it comes from, report and card."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.files import atomic_path, write_json
from maskwise.inference.engine import Probabilities
from maskwise.models.decision import decide
from maskwise.recipes.recipe_files import save_recipe
from maskwise.reporting.gallery import worst_mistakes
from maskwise.reporting.model_card import FILE as CARD_FILE
from maskwise.reporting.model_card import write_model_card
from maskwise.reporting.run_report import LEFT_OUT, About, calibration_plot, write_report
from maskwise.runs.data_location import data_of
from maskwise.runs.members import run_identity
from maskwise.runs.predictions import persons_of, probability_columns
from maskwise.studies.finished_run import FinishedRun

How = Literal["mean", "weighted", "vote", "soup"]


@dataclass(frozen=True)
class Together:
    """Runs that speak together, and what they say of photos that none of them was trained on."""

    runs: list[FinishedRun]
    how: How
    shared: pl.DataFrame  # photo, person, label (N)
    probabilities: Probabilities  # (N, C)
    counts: list[int]  # how often each run counts
    chosen_here: bool  # the runs were chosen on these photos
    command: str  # that makes it again
    known: "KnownData"


@dataclass(frozen=True)
class KnownData:
    """What is known of the shared photos beside their labels; where the data are not what they were, why not."""

    table: PhotoTable | None  # (N)
    groups: dict[str, npt.NDArray[np.str_]]  # (N,) each
    missing: str = ""


def write_ensemble(out: Path, together: Together, *, photos: bool) -> dict[str, Any]:
    """Write all of an ensemble's folder but its members.

    Args:
        out: the ensemble's folder.
        together: what was put together.
        photos: whether the report shows the worst mistakes.

    Returns:
        The content of `metrics.json`.
    """
    first, shared, p = together.runs[0], together.shared, together.probabilities
    metrics = _metrics(together)
    columns = probability_columns(first.space)
    frame = shared.hstack(pl.DataFrame(p, schema=dict.fromkeys(columns, pl.Float32)))
    with atomic_path(out / "predictions.parquet") as temporary:
        frame.write_parquet(temporary, metadata={"schema": "1"})
    splits = [pl.read_parquet(run.folder / "split.parquet", glob=False) for run in together.runs]
    known = pl.concat([s.filter(pl.col("side") == "train") for s in splits], how="diagonal_relaxed")
    with atomic_path(out / "split.parquet") as temporary:
        known.unique("photo", maintain_order=True).write_parquet(temporary, metadata={"schema": "1"})
    save_recipe(out / "recipe.yaml", first.recipe)
    write_json(out / "metrics.json", metrics)
    parents = [
        {"role": "member", "run": str(run.folder.resolve()), "weights": run_identity(run.folder)}
        for run in together.runs
    ]
    write_json(
        out / "lineage.json",
        first.lineage
        | {
            "command": [*shlex.split(together.command), "--out", str(out)],
            "finished": True,
            "ensemble": together.how,
            "parents": parents,
            "seconds": round(sum(run.lineage.get("seconds", 0) for run in together.runs), 1),
        },
    )
    about, labels = _about(out, together, metrics), shared["label"].to_numpy()
    write_model_card(out / CARD_FILE, about.title, about.facts, metrics, first.space)
    gallery, table = None, together.known.table
    if photos and table is not None:
        predictions = decide(p, first.space, first.decision)
        gallery = worst_mistakes([out], table.photos, table.paths, persons_of(shared), labels, predictions, p)
    write_report(
        out / "report.html",
        metrics,
        first.space,
        about,
        gallery=gallery,
        no_gallery=together.known.missing if photos else LEFT_OUT,
        extra=calibration_plot(p, labels),
    )
    return metrics


def known_data(
    runs: list[FinishedRun], shared: pl.DataFrame, data: Path | None, say: Callable[[str], None]
) -> KnownData:
    """The table and the groups of photos that runs share.

    Where the data are not any more where the first run was trained, or not what they were, groups and pictures are
    left out, and that is said.

    Args:
        runs: finished runs.
        shared: `photo`, `person` and `label` of the photos (N).
        data: where the data are, if not where the first run was trained.
        say: told what is left out.
    """
    first = runs[0]
    try:
        table = _table(first, shared, data_of(first.folder, data))
        groups = grouping_columns(table.group_values(), first.recipe.data.groups)
    except InputError as error:
        missing = f"Groups and photos are left out. {error}"
        say(missing)
        return KnownData(None, {}, missing)
    return KnownData(table, groups)


def _table(run: FinishedRun, shared: pl.DataFrame, place: Path) -> PhotoTable:
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
            f"Expected {place} to have the photos of {run.folder}, with their persons and labels, but it differs."
        )
    return own


def _metrics(together: Together) -> dict[str, Any]:
    first, shared = together.runs[0], together.shared
    space, rule = first.space, first.decision
    leaky = any(run.metrics.get("leaky") for run in together.runs)
    persons = "out-of-fold" if any("folds" in run.lineage for run in together.runs) else "held-out persons"
    chosen = together.chosen_here or any(run.metrics.get("chosen_on_these_persons") for run in together.runs)
    return {
        "schema": 1,
        "scored_on": "held-out photos" if leaky else persons,
        "leaky": leaky,
        "persons_known": not shared["person"].null_count(),
        "decision": rule,
        **score(
            space.decode(shared["label"].to_numpy()),
            decide(together.probabilities, space, rule),
            persons_of(shared),
            space,
            groups=together.known.groups,
        ),
        "chosen_on_these_persons": chosen,
    }


def _about(out: Path, together: Together, metrics: dict[str, Any]) -> About:
    first = together.runs[0]
    names = [
        str(run.folder) if count == 1 else f"{run.folder} ({count} times)"
        for run, count in zip(together.runs, together.counts, strict=True)
    ]
    warnings = []
    if metrics["leaky"]:
        warnings.append(
            "Some of these runs were split by photo on purpose: the same persons stand on both sides, and the score "
            "is inflated."
        )
    if metrics["chosen_on_these_persons"]:
        warnings.append("Epochs or members were chosen on these persons: the score is a little optimistic.")
    return About(
        title=f"{together.how} of {len(together.runs)} · {out.name}",
        subtitle="an ensemble of maskwise runs",
        facts={
            "members": ", ".join(names),
            "how": {
                "mean": "the mean of their probabilities, each as often as stands beside it",
                "weighted": "the mean of their probabilities, each as often as it was chosen",
                "vote": "each has a vote, their probabilities decide between as many",
                "soup": "one model whose weights are the mean of theirs",
            }[together.how],
            "data": str(first.lineage.get("data", {}).get("path", "")),
            "scored": f"{metrics['scored_on']}: photos that all of them predicted without having seen them",
            "decision": first.decision,
        },
        rebuild=f"{together.command} --out {out}-again",
        warnings=tuple(warnings),
        recipe=(out / "recipe.yaml").read_text(encoding="utf-8"),
    )
