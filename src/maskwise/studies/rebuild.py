"""`rebuild`: a run repeated from its lineage, and whether the result agrees."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskwise.errors import InputError
from maskwise.metrics.classification import macro_f1, stacked_by_person
from maskwise.metrics.paired_difference import paired_difference
from maskwise.models.decision import decide
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.lineage import Lineage
from maskwise.runs.machine import installed_version
from maskwise.runs.predictions import persons_of, probability_columns
from maskwise.runs.run import Run, open_finished_run
from maskwise.training.folds import train_folds
from maskwise.training.prepare_data import prepare
from maskwise.training.train import train


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
        """The result, in one sentence."""
        if self.same_weights:
            return "The weights are the same, byte for byte."
        low, high = self.ci95
        return (
            f"The weights differ: {self.same_classes:.1%} of the held-out photos get the same class, probabilities "
            f"differ by up to {self.largest_difference:.3g}, macro F1 by {self.score_difference:+.3f} "
            f"({low:+.3f} to {high:+.3f})."
        )


def rebuild(
    first: Run,
    *,
    data: Path | None = None,
    out: Path | None = None,
    resume: bool = False,
    reporter: Reporter = SILENT,
) -> Rebuilt:
    """Train a run again from its own recipe on its own data, and compare.

    Args:
        first: a finished run.
        data: where its data are now; by default where the lineage has them.
        out: the new run's folder; `RUN-rebuilt` by default.
        resume: go on with a rebuild that was stopped.
        reporter: receives messages and progress of the training, and a note for each package that differs.

    Raises:
        InputError: when the run is not finished, or its data are not there or not the same any more.
    """
    lineage = first.lineage
    if lineage.ensemble is not None:
        raise InputError(
            f"Expected a run that was trained, got {first.path}, put together from others: rebuild those."
        )
    place = data if data is not None else Path(lineage.data.path)
    folder = out if out is not None else first.path.with_name(f"{first.path.name}-rebuilt")
    first.check_files()
    _check_same_data(first, place)
    changed = _changed_packages(lineage)
    for line in changed:
        reporter.message(f"Note: {line}.")
    if lineage.folds is not None:
        train_folds(
            first.recipe,
            place,
            folder,
            folds=lineage.folds,
            refit=lineage.refit,
            resume=resume,
            photos_in_report=False,
            reporter=reporter,
        )
    else:
        train(
            first.recipe,
            place,
            folder,
            resume=resume,
            photos_in_report=False,
            reporter=reporter,
        )
    again = open_finished_run(folder)
    changed += _changed_circumstances(lineage, again.lineage)
    return _agreement(first, again, changed)


def _check_same_data(run: Run, place: Path) -> None:
    """Check that data are what a run was trained on.

    Raises:
        InputError: when photos, labels, files or corrections differ.
    """
    prepared = prepare(place, run.recipe)
    before, now = run.lineage.data, prepared.photos
    if now.fingerprint == before.fingerprint:
        return
    digests = [entry and entry.digest for entry in (before.corrections, now.corrections)]
    if digests[0] != digests[1]:
        raise InputError(
            f"Expected {run.recipe.data.corrections} to be as it was when {run.path} was trained, but it was changed: "
            f"the rows that were applied are in its {run.folder.lineage.name} (data, corrections, rows)."
        )
    raise InputError(
        f"Expected {place} to be the data of {run.path}, but photos, labels or files differ (fingerprint "
        f"{now.fingerprint[:12]}, then {str(before.fingerprint)[:12]}): name its data.",
        setting="data",
    )


def _changed_packages(before: Lineage) -> list[str]:
    """Packages of a lineage that have another version here."""
    installed = {name: installed_version(name) for name in before.packages}
    return [
        f"{name} is {installed[name]}, was {version}"
        for name, version in before.packages.items()
        if installed[name] != version
    ]


def _changed_circumstances(before: Lineage, after: Lineage) -> list[str]:
    """What differs between two lineages in code, machine and threads."""
    keys = ("maskwise", "threads", "device", "python")
    lines = [
        f"{key} is {getattr(after, key)}, was {getattr(before, key)}"
        for key in keys
        if getattr(before, key) != getattr(after, key)
    ]
    if before.machine.processor != after.machine.processor:
        lines.append("the processor differs")
    then, now = _learned_from(before), _learned_from(after)
    lines += [f"{name} is not what it was" for name in then if then[name] != now.get(name)]
    if before.code != after.code:
        lines.append("the code differs")
    return lines


def _learned_from(lineage: Lineage) -> dict[str, str | None]:
    """What a run learned from besides its data, and a digest of each."""
    parents = {f"the {parent.role} {parent.run}": parent.weights for parent in lineage.parents}
    return parents | {f"the additional data {part.path}": part.fingerprint for part in lineage.data.further}


def _agreement(first: Run, again: Run, changed: list[str]) -> Rebuilt:
    a, b = (run.predictions.sort("photo") for run in (first, again))
    if a["photo"].to_list() != b["photo"].to_list():
        raise InputError(
            f"Expected {again.path} to hold out the photos of {first.path}, but it holds out others."
        )
    columns = probability_columns(first.space)
    p, q = a.select(columns).to_numpy(), b.select(columns).to_numpy()
    decided = [decide(x, first.space, first.recipe.decision) for x in (p, q)]
    counts = [
        stacked_by_person(a["label"].to_numpy(), classes, persons_of(a), first.space.n_classes)
        for classes in decided
    ]
    difference = paired_difference(macro_f1, *counts)
    return Rebuilt(
        again.path,
        first.weights == again.weights,
        float(np.abs(p - q).max()),
        float((decided[0] == decided[1]).mean()),
        difference.value,
        difference.ci95,
        changed,
    )
