"""What an ensemble's folder says of it: predictions, score by group, where it comes from, report and card."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.reading import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.evaluation.gallery import worst_mistakes
from maskwise.evaluation.model_card import FILE as CARD_FILE
from maskwise.evaluation.model_card import write_model_card
from maskwise.evaluation.predictions import persons_of
from maskwise.evaluation.report import About, calibration_plot, write_report
from maskwise.evaluation.scoring import grouping_columns, score
from maskwise.experiments.finished_run import FinishedRun
from maskwise.files import atomic_path, write_json
from maskwise.inference.engine import Probabilities
from maskwise.inference.members import run_identity
from maskwise.inference.rows import probability_columns
from maskwise.models.decision import decide
from maskwise.training.recipe_files import save_recipe

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


def write_ensemble(
    out: Path, together: Together, *, photos: bool, say: Callable[[str], None]
) -> dict[str, Any]:
    """Write all of an ensemble's folder but its members.

    Groups and pictures need the runs' data: where those are not any more, they are left out, and that is said.

    Args:
        out: the ensemble's folder.
        together: what was put together.
        photos: whether the report shows the worst mistakes.
        say: told a line at a time what is left out.

    Returns:
        The content of `metrics.json`.
    """
    first, shared, p = together.runs[0], together.shared, together.probabilities
    table = _table(together, say)
    metrics = _metrics(together, table)
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
        first.lineage | {"finished": True, "ensemble": together.how, "parents": parents},
    )
    about, labels = _about(out, together, metrics), shared["label"].to_numpy()
    write_model_card(out / CARD_FILE, about.title, about.facts, metrics, first.space)
    gallery = None
    if photos and table is not None:
        predictions = decide(p, first.space, first.decision)
        gallery = worst_mistakes([out], table.photos, table.paths, persons_of(shared), labels, predictions, p)
    write_report(
        out / "report.html",
        metrics,
        first.space,
        about,
        gallery=gallery,
        no_gallery="Photos were left out of this report, as asked."
        if table is not None
        else "The photos are not where the runs were trained any more.",
        extra=calibration_plot(p, labels),
    )
    return metrics


def _table(together: Together, say: Callable[[str], None]) -> PhotoTable | None:
    """The shared photos' rows, in their order; None where the data are not what they were."""
    first = together.runs[0]
    place = Path(str(first.lineage.get("data", {}).get("path", "")))
    try:
        table = read_data(place, first.space)
    except InputError as error:
        say(f"Groups and photos are left out: {error}")
        return None
    row_of = {photo: row for row, photo in enumerate(table.photos)}
    rows = [row_of[photo] for photo in together.shared["photo"] if photo in row_of]
    if len(rows) < together.shared.height:
        say(f"Groups and photos are left out: {place} does not have all photos of {first.folder} any more.")
        return None
    return PhotoTable(table.frame[rows], table.root, table.space, table.notes)


def _metrics(together: Together, table: PhotoTable | None) -> dict[str, Any]:
    first, shared = together.runs[0], together.shared
    space, rule = first.space, first.decision
    leaky = any(run.metrics.get("leaky") for run in together.runs)
    persons = "out-of-fold" if any("folds" in run.lineage for run in together.runs) else "held-out persons"
    groups: dict[str, npt.NDArray[np.str_]] = {}
    if table is not None:
        groups = grouping_columns(table.group_values(), first.recipe.data.groups)
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
            groups=groups,
        ),
        "chosen_on_these_persons": together.chosen_here,
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
    if together.chosen_here:
        warnings.append("The members were chosen on these persons: the score is a little optimistic.")
    return About(
        title=f"{together.how} of {len(together.runs)} · {out.name}",
        subtitle="an ensemble of maskwise runs",
        facts={
            "members": ", ".join(names),
            "how": {
                "mean": "the mean of their probabilities",
                "weighted": "the mean of their probabilities, weighted by how often each was chosen",
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
