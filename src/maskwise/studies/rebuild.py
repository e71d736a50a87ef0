"""`rebuild`: a run repeated from its lineage, and whether the result agrees."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from maskwise.data.scan import ProgressOf
from maskwise.errors import InputError
from maskwise.files import read_json
from maskwise.metrics.classification import macro_f1, stacked_by_person
from maskwise.metrics.paired_difference import paired_difference
from maskwise.models.decision import decide
from maskwise.runs.members import run_identity
from maskwise.runs.predictions import persons_of, probability_columns
from maskwise.studies.finished_run import FinishedRun, read_run
from maskwise.training.folds import train_folds
from maskwise.training.train import train
from maskwise.training.training_data import prepare


@dataclass(frozen=True)
class Rebuilt:
    """How a repeated run agrees with the first."""

    folder: Path
    same_weights: bool
    largest_difference: float  # of any probability
    same_classes: float  # share of held-out photos
    score_difference: float
    ci95: tuple[float, float]
    changed: list[str]  # what differs in code, packages and machine

    def sentence(self) -> str:
        """What may be said."""
        if self.same_weights:
            return "The weights are the same, byte for byte."
        low, high = self.ci95
        return (
            f"The weights differ: {self.same_classes:.1%} of the held-out photos get the same class, probabilities "
            f"differ by up to {self.largest_difference:.3g}, macro F1 by {self.score_difference:+.3f} "
            f"({low:+.3f} to {high:+.3f})."
        )


def rebuild(
    run: Path,
    *,
    data: Path | None = None,
    out: Path | None = None,
    resume: bool = False,
    console: Console | None = None,
    progress: ProgressOf = lambda stage: None,
    say: Callable[[str], None] = lambda line: None,
) -> Rebuilt:
    """Train a run again from its own recipe on its own data, and compare.

    Args:
        run: a finished run.
        data: where its data lie now; where the lineage says by default.
        out: the new run's folder; `RUN-rebuilt` by default.
        resume: go on with a rebuild that was stopped.
        console: where training speaks.
        progress: makes the bars of training.
        say: told what differs in code, packages and machine.

    Raises:
        InputError: when the run is not finished, or its data are not there or not the same any more.
    """
    first = read_run(run)
    lineage = first.lineage
    if "ensemble" in lineage:
        raise InputError(
            f"Expected a run that was trained, got {run}, put together from others: rebuild those."
        )
    place = data if data is not None else Path(str(lineage["data"]["path"]))
    folder = out if out is not None else run.with_name(f"{run.name}-rebuilt")
    prepared = prepare(place, first.recipe, say=lambda line: None)
    if prepared.fingerprint != lineage["data"]["fingerprint"]:
        before, now = (
            told and told["digest"] for told in (lineage["data"].get("corrections"), prepared.corrections)
        )
        if before != now:
            raise InputError(
                f"Expected {first.recipe.data.corrections} to be as it was when {run} was trained, but it was changed: "
                "the rows that were applied are in its lineage.json (data, corrections, rows)."
            )
        raise InputError(
            f"Expected {place} to be the data of {run}, but photos, labels or files differ (fingerprint "
            f"{prepared.fingerprint[:12]}, then {str(lineage['data']['fingerprint'])[:12]}): name its data with --data."
        )
    changed = _changed_packages(lineage)
    for line in changed:
        say(line)
    if "folds" in lineage:
        train_folds(
            first.recipe,
            place,
            folder,
            folds=int(lineage["folds"]),
            refit=bool(lineage["refit"]),
            resume=resume,
            photos_in_report=False,
            console=console,
            progress=progress,
        )
    else:
        train(
            first.recipe,
            place,
            folder,
            resume=resume,
            photos_in_report=False,
            console=console,
            progress=progress,
        )
    again = read_run(folder)
    changed += _changed_circumstances(lineage, read_json(folder / "lineage.json"))
    return _agreement(first, again, changed)


def _changed_packages(before: dict[str, Any]) -> list[str]:
    """Packages of a lineage that have another version here."""
    from importlib import metadata

    lines = []
    for name, version in before.get("packages", {}).items():
        try:
            now = metadata.version(name)
        except metadata.PackageNotFoundError:
            now = None
        if now != version:
            lines.append(f"{name} is {now}, was {version}")
    return lines


def _changed_circumstances(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two lineages in code, machine and threads."""
    keys = ("maskwise", "threads", "device", "python")
    lines = [
        f"{key} is {after.get(key)}, was {before.get(key)}"
        for key in keys
        if before.get(key) != after.get(key)
    ]
    if before.get("machine", {}).get("processor") != after.get("machine", {}).get("processor"):
        lines.append("the processor is another")
    learnt = [_learnt_from(entry) for entry in (before, after)]
    lines += [f"{name} is not what it was" for name in learnt[0] if learnt[0][name] != learnt[1].get(name)]
    codes = [entry.get("code") for entry in (before, after)]
    if codes[0] != codes[1]:
        lines.append("the code is another")
    return lines


def _learnt_from(lineage: dict[str, Any]) -> dict[str, str]:
    """What a run learnt from beside its data, and a digest of each."""
    parents = {
        f"the {parent['role']} {parent['run']}": parent["weights"] for parent in lineage.get("parents", [])
    }
    further = lineage.get("data", {}).get("further", [])
    return parents | {f"the further data {part['path']}": part["fingerprint"] for part in further}


def _agreement(first: FinishedRun, again: FinishedRun, changed: list[str]) -> Rebuilt:
    a, b = (run.predictions.sort("photo") for run in (first, again))
    if a["photo"].to_list() != b["photo"].to_list():
        raise InputError(
            f"Expected {again.folder} to hold out the photos of {first.folder}, but it holds out others."
        )
    columns = probability_columns(first.space)
    p, q = a.select(columns).to_numpy(), b.select(columns).to_numpy()
    decided = [decide(x, first.space, first.decision) for x in (p, q)]
    counts = [
        stacked_by_person(a["label"].to_numpy(), told, persons_of(a), first.space.n_classes)
        for told in decided
    ]
    difference = paired_difference(macro_f1, *counts)
    return Rebuilt(
        again.folder,
        run_identity(first.folder) == run_identity(again.folder),
        float(np.abs(p - q).max()),
        float((decided[0] == decided[1]).mean()),
        difference.value,
        difference.ci95,
        changed,
    )
