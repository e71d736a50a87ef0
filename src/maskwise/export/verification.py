"""Whether an exported file computes what its run computes, on photos that the run had not seen where there are any."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import FEW_PERSONS
from maskwise.inference.engine import Probabilities
from maskwise.inference.exported import Check
from maskwise.inference.predictor import Predictor
from maskwise.metrics.classification import macro_f1, stacked_by_person
from maskwise.metrics.paired_difference import Difference, paired_difference
from maskwise.models.decision import Rule, decide
from maskwise.randomness import keyed_generator
from maskwise.runs.predictions import persons_of
from maskwise.runs.run import Run
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

TOLERANCE = 1e-3
"""A probability of a single-precision file may differ from its run's by so much: other orders of adding up."""

LEAST_SAME, MOST_LOSS = 0.98, 0.01
"""An int8 file gives this share of the photos the same class, and its macro F1 is lower by at most this, at the lower
end of the interval."""


@dataclass(frozen=True)
class CheckPhotos:
    """Photos to check on (N), the run's probabilities for them, and training photos to calibrate with."""

    paths: list[Path]
    persons: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64]
    expected: Probabilities
    training: list[Path]
    scored_on: str


def photos_to_check(run: Run, predictor: Predictor, data: Path | None, *, int8: bool = False) -> CheckPhotos:
    """The run's held-out photos, as the run predicts them now, and some that it was trained on.

    A run that was trained on everybody (folds, a refit) is checked on photos that it knows; for int8 some persons are
    set apart to calibrate on.

    Args:
        run: the run.
        predictor: of the run.
        data: where its data are, if not any more where it was trained.
        int8: whether photos to calibrate on are needed.

    Raises:
        InputError: when the data are not there, or none of the run's photos is.
    """
    place = run.data_path(data)
    table = read_data(place, predictor.space)
    split, trained_on = run.split, set(run.trained_on["photo"])
    path_of = dict(zip(table.photos, table.paths, strict=True))
    chosen = _scored(run, table)
    there = pl.col("photo").is_in(list(path_of))
    missing, chosen = chosen.filter(~there), chosen.filter(there)
    if chosen.is_empty() or (int8 and missing.height):  # an int8 file is judged on all of them or not at all
        raise InputError(
            f"Expected {place} to have the photos that {run.path} was scored on, but {missing.height:,} of them are "
            f"not there, such as {missing['photo'][:1].to_list()}: name its data with --data."
        )
    unseen = chosen.filter(~pl.col("photo").is_in(trained_on))
    training = [photo for photo in table.photos if photo in trained_on]
    if unseen.is_empty():  # folds or a refit
        scored_on = "photos it was trained on"
        if int8:
            apart = pl.col("photo").is_in(_set_apart(split.filter(pl.col("photo").is_in(chosen["photo"]))))
            chosen, training = chosen.filter(~apart), chosen.filter(apart)["photo"].to_list()
    else:
        chosen, scored_on = unseen, str(run.metrics.scored_on)
    paths = [path_of[photo] for photo in chosen["photo"]]
    return CheckPhotos(
        paths,
        persons_of(chosen),
        chosen["label"].to_numpy(),
        predictor.predict_all(paths),
        [path_of[photo] for photo in training],
        scored_on,
    )


def _scored(run: Run, table: PhotoTable) -> pl.DataFrame:
    """`photo`, `person` and `label` of the photos that a run was scored on; of all its own where it was not scored."""
    if run.has_predictions:  # with labels and persons as corrections made them
        return run.predictions.select("photo", "person", "label")
    split = run.split.select("photo", "person")
    label_of = dict(zip(table.photos, table.space.encode(table.label_indices()).tolist(), strict=True))
    labels = [label_of.get(photo, UNKNOWN) for photo in split["photo"]]
    return split.with_columns(pl.Series("label", labels, dtype=pl.Int64))


def _set_apart(split: pl.DataFrame) -> list[str]:
    """The photos of a quarter of the persons, at least of one; persons that share a photo stay together."""
    groups = split["group"].unique(maintain_order=True).sort()
    if len(groups) < 2:
        return []
    order = keyed_generator(0, "calibration", "persons").permutation(len(groups))
    some = groups[order[: max(1, len(groups) // 4)].tolist()]
    return split.filter(pl.col("group").is_in(some.implode()))["photo"].to_list()


def compare_with_run(photos: CheckPhotos, exported: Probabilities, space: LabelSpace, rule: Rule) -> Check:
    """How probabilities (N, C) of an exported file differ from the run's."""
    here, there = (decide(p, space, rule) for p in (photos.expected, exported))
    known = photos.labels != UNKNOWN
    difference: Difference | None = None
    if known.any():
        counts = [
            stacked_by_person(photos.labels[known], c[known], photos.persons[known], space.n_classes)
            for c in (here, there)
        ]
        difference = paired_difference(macro_f1, *counts)
    return Check(
        photos=len(photos.paths),
        persons=len(np.unique(photos.persons)),
        scored_on=photos.scored_on,
        same_class=float((here == there).mean()),
        largest_difference=float(np.abs(photos.expected - exported).max()),
        macro_f1_difference=None if difference is None else difference.value,
        ci95=None if difference is None else difference.ci95,
    )


def check_same(check: Check, path: Path) -> None:
    """Refuse a single-precision file whose probabilities differ from its run's.

    Raises:
        InputError: with the figures.
    """
    if not check.largest_difference <= TOLERANCE:
        raise InputError(
            f"Expected {path} to compute what the run computes, got probabilities that differ by up to "
            f"{check.largest_difference:.2g} on {check.photos:,} photos: it is not written."
        )


def holds(check: Check) -> bool:
    """Whether an int8 file is good enough; without labels it can't be judged."""
    return check.same_class >= LEAST_SAME and check.ci95 is not None and -check.ci95[0] <= MOST_LOSS


def figures(check: Check) -> str:
    """A check in words."""
    said = f"the same class on {check.same_class:.1%} of {check.photos:,} photos"
    if check.macro_f1_difference is None or check.ci95 is None:
        return said
    low, high = check.ci95
    said += f", macro F1 {check.macro_f1_difference:+.4f} ({low:+.4f} to {high:+.4f})"
    exact = check.largest_difference <= TOLERANCE
    return (
        said if exact or check.persons >= FEW_PERSONS else f"{said}, {check.persons} persons: too few to tell"
    )
