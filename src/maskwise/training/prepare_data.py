"""From a data set and a recipe to training data: read, corrected, scanned, split, with targets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from maskwise.data.corrections import apply_corrections
from maskwise.data.data_fingerprint import data_fingerprint
from maskwise.data.readers.read_data import read_data
from maskwise.data.sampling import RatiosSpec, class_ratios
from maskwise.data.scan import Scan, content_digest, scan_photos
from maskwise.data.table import PhotoTable
from maskwise.data.targets import Targets, create_targets
from maskwise.errors import InputError
from maskwise.recipes.data_parts import LabelPart
from maskwise.recipes.mixing import HalfFaceSpec
from maskwise.recipes.schema import Recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.lineage import AppliedCorrections
from maskwise.tasks.label_space import UNKNOWN, LabelSpace
from maskwise.training.split_photos import split_photos, unused_photos
from maskwise.training.training_data import Mask, ScannedPhotos, TrainingData


def prepare(data: Path, recipe: Recipe, *, reporter: Reporter = SILENT) -> TrainingData:
    """Read, scan, set aside what can't be used, split, and check that nothing leaks.

    Args:
        data: a folder in a known layout, or a table.
        recipe: what was chosen.
        reporter: receives what is found, and the progress of scanning.

    Raises:
        InputError: when the data or the recipe's choices about it are wrong.
        LeakError: when a person or a duplicate would stand on both sides.
    """
    table, corrections = _read(data, recipe.data.corrections, reporter)
    labels = TrainingLabels(recipe.labels, table.space)
    check_names(recipe, table.space)
    photos = _scan(data, table, corrections, reporter)
    split = split_photos(photos, recipe.split, reporter)
    labels.check_bands(photos.table.keep(~split.held_out))
    left_out = labels.left_out(photos.table)
    prepared = TrainingData(
        photos=photos,
        split=split,
        targets=labels.targets(photos.table),
        left_out=left_out | unused_photos(photos.table, split, recipe.split),
    )
    if not len(prepared.train_rows):
        raise InputError("labels.leave_out: expected photos to be left to train on, got none.")
    return prepared


def _read(
    data: Path, corrections: str | None, reporter: Reporter
) -> tuple[PhotoTable, AppliedCorrections | None]:
    """The table of a data set, corrected where that is asked for."""
    table = read_data(data)
    if table.task is not None and table.task.score == "mean":
        raise InputError(
            f"Expected the task of {data} to be scored over all attributes together (score: joint), got score: mean, "
            "which can't be trained yet: set score: joint, with few attributes, in its task file."
        )
    for note in table.notes:
        reporter.message(f"Note: {note}.")
    if corrections is None:
        return table, None
    path = Path(corrections)
    done = apply_corrections(table, path)
    reporter.message(f"{done.n_findings} accepted corrections of {path} change {done.n_changed} photos.")
    return done.table, AppliedCorrections(
        path=str(path.resolve()),
        digest=content_digest(path.read_bytes()),
        n_findings=done.n_findings,
        n_photos=done.n_changed,
        rows=tuple(dict(row) for row in done.accepted),
    )


def _scan(
    data: Path,
    table: PhotoTable,
    corrections: AppliedCorrections | None,
    reporter: Reporter,
) -> ScannedPhotos:
    """The photos of a table that can be read and have all labels."""
    scan = scan_photos(table, progress=reporter.progress("scanning photos"))
    fingerprint = data_fingerprint(table, scan)
    _report_set_aside(scan, reporter)
    classes = table.space.encode(table.label_indices())
    labelled = classes != UNKNOWN
    usable = scan.usable & labelled
    if not usable.any():
        raise InputError(
            f"{data}: expected photos with labels to train on, got {int(scan.usable.sum())} usable photos, "
            f"{int(labelled.sum())} rows with all of {', '.join(a.name for a in table.space.attributes)}."
        )
    unlabelled = int((scan.usable & ~labelled).sum())
    if unlabelled:
        reporter.message(f"{unlabelled} photos lack a label and are left out.")
    return ScannedPhotos(
        table=table.keep(usable),
        scan=scan.frame.filter(pl.Series(usable, dtype=pl.Boolean)),
        score_classes=classes[usable],
        fingerprint=fingerprint,
        set_aside=scan.set_aside,
        unlabelled=unlabelled,
        corrections=corrections,
    )


def _report_set_aside(scan: Scan, reporter: Reporter) -> None:
    rows = scan.set_aside.rows()
    if rows:
        reporter.message(f"{len(rows)} photos can't be used and are set aside:")
        for photo, reason in rows[:10]:
            reporter.message(f"  {photo}: {reason}")
        if len(rows) > 10:
            reporter.message(f"  ... and {len(rows) - 10} more, listed in the run's lineage")


@dataclass(frozen=True)
class TrainingLabels:
    """What a recipe trains towards: other boundaries, soft labels near them, spans that are left out.

    Raises:
        InputError: when a boundary is given for an attribute that has none.
    """

    part: LabelPart
    score_space: LabelSpace

    def __post_init__(self) -> None:
        self.score_space.with_boundaries(self.part.boundaries)

    @property
    def space(self) -> LabelSpace:
        """The label space with the boundaries to train with."""
        return self.score_space.with_boundaries(self.part.boundaries)

    def targets(self, table: PhotoTable) -> Targets:
        """Target probabilities (N, C) of a table's photos."""
        return create_targets(table, self.space, self.part.deviations)

    def left_out(self, table: PhotoTable) -> Mask:
        """Photos (N,) whose labelled number lies in a span that is not trained on, ends included."""
        out = np.zeros(len(table), dtype=bool)
        for name, (low, high) in self.part.leave_out.items():
            numbers = table.frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            out |= (numbers >= low) & (numbers <= high)
        return out

    def check_bands(self, table: PhotoTable) -> None:
        """A moved boundary that leaves a band empty is a mistake: its class could never be learned.

        Raises:
            InputError: naming the band.
        """
        space = self.space
        indices = table.label_indices(space)
        for place, attribute in enumerate(space.attributes):
            if attribute.name not in self.part.boundaries:
                continue
            counts = np.bincount(indices[:, place], minlength=len(attribute.values))
            if (counts == 0).any():
                empty = attribute.values[int(counts.argmin())]
                raise InputError(
                    f"labels.boundaries: expected photos in every band of {attribute.name}, got none in {empty}: "
                    "the labels may be capped below the boundary."
                )


def check_names(recipe: Recipe, space: LabelSpace) -> None:
    """Check the names in a recipe that only the label space can confirm.

    Raises:
        InputError: naming the key and what was expected.
    """
    attributes = {attribute.name: attribute for attribute in space.attributes}
    numeric = [name for name, attribute in attributes.items() if attribute.is_numeric]
    for name in recipe.labels.leave_out:
        if name not in numeric:
            raise InputError(f"labels.leave_out: expected names of {', '.join(numeric)}, got {name!r}.")
    if isinstance(recipe.sampling, RatiosSpec):
        class_ratios(recipe.sampling, space)
    if not isinstance(recipe.mixing, HalfFaceSpec):
        return
    for name in (*recipe.mixing.same, *recipe.mixing.partner):
        if name not in attributes:
            raise InputError(f"mixing: expected names of {', '.join(attributes)}, got {name!r}.")
    for name, value in recipe.mixing.partner.items():
        if value not in attributes[name].values:
            raise InputError(
                f"mixing.partner.{name}: expected one of {', '.join(attributes[name].values)}, got {value!r}."
            )
