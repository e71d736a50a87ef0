"""From DATA to photos that can be trained on, split into two sides that share nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.corrections import apply_corrections
from maskwise.data.leakage import Side, check_split
from maskwise.data.near_duplicates import cross_person_duplicates, join_groups
from maskwise.data.readers.read_data import read_data
from maskwise.data.sampling import RatiosSpec, class_ratios, sample_epoch
from maskwise.data.scan import Progress, Scan, content_digest, scan_photos
from maskwise.data.split import assign_folds, hold_out, hold_out_photos, person_strata
from maskwise.data.table import PhotoTable
from maskwise.data.targets import Targets, create_targets
from maskwise.errors import InputError
from maskwise.files import atomic_path
from maskwise.recipes.data_parts import SplitPart
from maskwise.recipes.mixing import HalfFaceSpec
from maskwise.recipes.schema import Recipe
from maskwise.runs.lineage import data_fingerprint
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

SPLIT_SCHEMA = 1


@dataclass(frozen=True)
class Prepared:
    """The photos that a run uses, and all that was decided about them."""

    table: PhotoTable
    scan: pl.DataFrame
    held_out: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.str_]
    train_targets: Targets
    score_classes: npt.NDArray[np.int64]
    fingerprint: str
    set_aside: pl.DataFrame
    unlabelled: int
    joined: list[str]

    left_out: npt.NDArray[np.bool_]
    corrections: dict[str, Any] | None = None  # what was applied, for the lineage

    @property
    def train_rows(self) -> npt.NDArray[np.int64]:
        """Rows that are trained on."""
        return np.flatnonzero(~self.held_out & ~self.left_out)

    @property
    def train_classes(self) -> npt.NDArray[np.int64]:
        """Joint classes (T,) of the rows that are trained on: as labelled, or likeliest where only a run knows."""
        own, guessed = self.score_classes[self.train_rows], self.train_targets[self.train_rows].argmax(axis=1)
        return np.where(own == UNKNOWN, guessed, own)

    @property
    def held_out_rows(self) -> npt.NDArray[np.int64]:
        """Rows that are scored."""
        return np.flatnonzero(self.held_out)

    def held_out_side(self) -> Side:
        """The held-out photos, as the guards against leaks compare them."""
        table = self.table.keep(self.held_out)
        return Side(table.photos, table.frame["person"].to_list(), self.scan.filter(self.held_out))

    @property
    def commonest_class(self) -> int:
        """The commonest class of the training photos."""
        return int(np.bincount(self.train_classes).argmax())


def epoch_orders(prepared: Prepared, recipe: Recipe) -> Callable[[int], npt.NDArray[np.int64]]:
    """From an epoch to its rows (N,) in their order, as the recipe samples them."""
    rows = prepared.train_rows
    return partial(
        sample_epoch,
        recipe.sampling,
        rows,
        prepared.train_classes,
        prepared.table.persons[rows],
        prepared.table.space,
        recipe.seed,
    )


def prepare(
    data: Path, recipe: Recipe, *, say: Callable[[str], None], progress: Progress | None = None
) -> Prepared:
    """Read, scan, set aside what can't be used, split, and check that nothing leaks.

    Args:
        data: a folder in a known layout, or a table.
        recipe: what was chosen.
        say: told a line at a time what was found.
        progress: called while photos are scanned.

    Raises:
        InputError: when the data or the recipe's choices about it are wrong.
        LeakError: when a person or a duplicate would stand on both sides.
    """
    table = read_data(data)
    for note in table.notes:
        say(f"Note: {note}.")
    corrected: dict[str, Any] | None = None
    if recipe.data.corrections is not None:
        path = Path(recipe.data.corrections)
        done = apply_corrections(table, path)
        table = done.table
        say(f"{done.n_findings} accepted corrections of {path} change {done.n_changed} photos.")
        corrected = {
            "path": str(path.resolve()),
            "digest": content_digest(path.read_bytes()),
            "n_findings": done.n_findings,
            "n_photos": done.n_changed,
            "rows": done.accepted,  # deciding goes on in the same file
        }
    training_space = table.space.with_boundaries(recipe.labels.boundaries)
    _check_names(table.space, recipe)
    scan = scan_photos(table, progress=progress)
    fingerprint = data_fingerprint(table, scan)
    _say_set_aside(scan, say)

    score_classes = table.space.encode(table.label_indices())
    labelled = score_classes != UNKNOWN
    usable = scan.usable & labelled
    if not usable.any():
        raise InputError(
            f"{data}: expected photos with labels to train on, got {int(scan.usable.sum())} usable photos, "
            f"{int(labelled.sum())} rows with all of {', '.join(a.name for a in table.space.attributes)}."
        )
    unlabelled = int((scan.usable & ~labelled).sum())
    if unlabelled:
        say(f"{unlabelled} photos lack a label and are left out.")
    table, frame = table.keep(usable), scan.frame.filter(pl.Series(usable, dtype=pl.Boolean))
    score_classes = score_classes[usable]

    held_out, groups, joined = _split(table, frame, recipe.split, say)
    _check_bands(training_space, table.keep(~held_out), recipe)
    train_targets = create_targets(table, training_space, recipe.labels.deviations)
    prepared = Prepared(
        table,
        frame,
        held_out,
        groups,
        train_targets,
        score_classes,
        fingerprint,
        scan.set_aside,
        unlabelled,
        joined,
        left_out_rows(table, recipe) | _unused(table, groups, held_out, recipe.split),
        corrected,
    )
    return _check_some_left(prepared)


def _check_some_left(prepared: Prepared) -> Prepared:
    if not len(prepared.train_rows):
        raise InputError("labels.leave_out: expected photos to be left to train on, got none.")
    return prepared


def _unused(
    table: PhotoTable, groups: npt.NDArray[np.str_], held_out: npt.NDArray[np.bool_], part: SplitPart
) -> npt.NDArray[np.bool_]:
    """Training photos (N,) of persons that the recipe leaves out to learn from fewer; the held-out stay the same."""
    unused = np.zeros(len(table), dtype=bool)
    if part.train_share < 1:
        train = np.flatnonzero(~held_out)
        strata = person_strata(table)[train]
        unused[train] = hold_out(groups[train], strata, share=1 - part.train_share, seed=part.seed)
    return unused


def left_out_rows(table: PhotoTable, recipe: Recipe) -> npt.NDArray[np.bool_]:
    """Photos (N,) whose labelled number lies in a span that the recipe does not train on, ends included."""
    out = np.zeros(len(table), dtype=bool)
    for name, (low, high) in recipe.labels.leave_out.items():
        numbers = table.frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        out |= (numbers >= low) & (numbers <= high)
    return out


def _say_set_aside(scan: Scan, say: Callable[[str], None]) -> None:
    rows = scan.set_aside.rows()
    if rows:
        say(f"{len(rows)} photos can't be used and are set aside:")
        for photo, reason in rows[:10]:
            say(f"  {photo}: {reason}")
        if len(rows) > 10:
            say(f"  ... and {len(rows) - 10} more, listed in lineage.json")


def _split(
    table: PhotoTable, scan: pl.DataFrame, part: SplitPart, say: Callable[[str], None]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.str_], list[str]]:
    if part.by == "photo":
        say("Split by photo, as asked: persons stand on both sides, the score is inflated.")
        held_out = hold_out_photos(table.photos, share=part.held_out, seed=part.seed)
        return held_out, np.asarray(table.photos, dtype=np.str_), []
    if part.by == "person" and table.frame["split"].null_count() < len(table):
        say("The split column is not used, as split.by is person; --set split.by=table uses it.")
    persons = table.persons
    if table.frame["person"].null_count() and part.by == "person":
        raise InputError(
            "Expected a person for every photo to split by person, got photos without one: fill the person "
            "column, or bring a split column and set split.by=table."
        )
    pairs = cross_person_duplicates(scan, persons)
    groups, joined = persons, []
    if pairs and part.near_duplicates == "join":
        groups = join_groups(persons, pairs)
        joined = sorted(set(persons[groups != persons].tolist()) | set(groups[groups != persons].tolist()))
        say(
            f"{len(joined)} persons share identical or near-identical photos and are kept on one side: "
            f"{', '.join(joined[:6])}{', ...' if len(joined) > 6 else ''}."
        )
    if part.by == "table":
        sides = table.frame["split"]
        if sides.null_count() or sides.n_unique() != 2:
            raise InputError(
                "Expected the split column to say train or held-out for every photo, and both to occur, "
                f"got {sides.null_count()} empty rows and the values {sorted(sides.drop_nulls().unique())}."
            )
        held_out = (sides == "held-out").to_numpy()
    elif part.nobody:
        held_out = np.zeros(len(table), dtype=bool)
    elif part.fold is not None and part.folds is not None:
        strata = person_strata(table)
        held_out = assign_folds(groups, strata, n_folds=part.folds, seed=part.seed) == part.fold
    else:
        held_out = hold_out(groups, person_strata(table), share=part.held_out, seed=part.seed)
    check_split(held_out, persons, table.photos, pairs)
    return held_out, groups, joined


def _check_names(space: LabelSpace, recipe: Recipe) -> None:
    """Names in a recipe that only the label space can confirm; checked before the photos are scanned."""
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


def _check_bands(space: LabelSpace, table: PhotoTable, recipe: Recipe) -> None:
    """A moved boundary that leaves a band empty is a mistake: the class could never be learnt."""
    indices = table.label_indices(space)
    for place, attribute in enumerate(space.attributes):
        if attribute.name not in recipe.labels.boundaries:
            continue
        counts = np.bincount(indices[:, place], minlength=len(attribute.values))
        if (counts == 0).any():
            empty = attribute.values[int(counts.argmin())]
            raise InputError(
                f"labels.boundaries: expected photos in every band of {attribute.name}, got none in {empty}: "
                "the labels may be capped below the boundary."
            )


def save_split(path: Path, prepared: Prepared) -> None:
    """Write `split.parquet`: every photo, its person and group, its side, its content's digest."""
    frame = pl.DataFrame(
        {
            "photo": prepared.table.photos,
            "person": prepared.table.persons.tolist(),
            "group": prepared.groups.tolist(),
            "side": ["held-out" if held else "train" for held in prepared.held_out],
            "digest": prepared.scan["digest"],
            "phash": prepared.scan["phash"],
            "thumb": prepared.scan["thumb"],
        }
    )
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, metadata={"schema": str(SPLIT_SCHEMA)})


def read_split(path: Path) -> pl.DataFrame:
    """Read `split.parquet`.

    Raises:
        InputError: when it is missing or broken.
    """
    try:
        return pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"Expected {path} to be the split of a run, got: {error}.") from error


def same_split(path: Path, prepared: Prepared) -> bool:
    """Whether a stored split has the same photos on the same sides."""
    stored = read_split(path)
    sides: list[Any] = ["held-out" if held else "train" for held in prepared.held_out]
    return bool(stored["photo"].to_list() == prepared.table.photos and stored["side"].to_list() == sides)
