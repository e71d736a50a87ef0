"""The photos that an export is checked on: those that the run held out, where there are any."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.inference.engine import Probabilities
from maskwise.inference.predictor import Predictor
from maskwise.randomness import keyed_generator
from maskwise.reporter import Progress
from maskwise.runs.predictions import persons_of
from maskwise.runs.run import Run
from maskwise.tasks.label_space import UNKNOWN


@dataclass(frozen=True)
class CheckPhotos:
    """Photos to check an export on, and others to calibrate it on.

    Attributes:
        paths: of the photos to check on (N).
        persons: (N,).
        labels: joint classes (N,), `UNKNOWN` where a label is missing.
        expected: the run's joint probabilities (N, C).
        training: paths of photos that the run was trained on, to calibrate int8 on.
        scored_on: what the photos to check on are, such as `held-out persons`.
    """

    paths: list[Path]
    persons: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64]
    expected: Probabilities
    training: list[Path]
    scored_on: str


def photos_to_check(
    run: Run, predictor: Predictor, data: Path | None, *, int8: bool = False, progress: Progress | None = None
) -> CheckPhotos:
    """The run's held-out photos with its predictions, and photos that it was trained on.

    A run that was trained on all persons (folds, a refit) is checked on photos of its training. For int8 some persons
    are then kept for the calibration.

    Args:
        run: the run.
        predictor: of the run.
        data: the run's data; by default where they were when it was trained.
        int8: whether photos to calibrate on are needed.
        progress: called with photos predicted and photos in all.

    Raises:
        InputError: when the data are not there, or none of the run's photos is.
    """
    place = run.data_path(data)
    table = read_data(place, predictor.space)
    split, trained_on = run.split, set(run.trained_on["photo"])
    path_of = dict(zip(table.photos, table.paths, strict=True))
    chosen = _scored_photos(run, table)
    there = pl.col("photo").is_in(list(path_of))
    missing, chosen = chosen.filter(~there), chosen.filter(there)
    if chosen.is_empty() or (int8 and missing.height):  # int8 is checked on all of them or not at all
        raise InputError(
            f"Expected {place} to have the photos that {run.path} was scored on, but {missing.height:,} of them are "
            f"not there, such as {missing['photo'][:1].to_list()}: give the data of the run.",
            setting="data",
        )
    unseen = chosen.filter(~pl.col("photo").is_in(trained_on))
    training = [photo for photo in table.photos if photo in trained_on]
    if unseen.is_empty():  # folds or a refit
        scored_on = "photos it was trained on"
        if int8:
            kept = pl.col("photo").is_in(
                _photos_of_some_persons(split.filter(pl.col("photo").is_in(chosen["photo"])))
            )
            chosen, training = chosen.filter(~kept), chosen.filter(kept)["photo"].to_list()
    else:
        chosen, scored_on = unseen, str(run.metrics.scored_on)
    paths = [path_of[photo] for photo in chosen["photo"]]
    return CheckPhotos(
        paths,
        persons_of(chosen),
        chosen["label"].to_numpy(),
        predictor.predict_all(paths, progress),
        [path_of[photo] for photo in training],
        scored_on,
    )


def _scored_photos(run: Run, table: PhotoTable) -> pl.DataFrame:
    """`photo`, `person` and `label` of the photos that a run was scored on; all of its photos if it was not scored."""
    if run.has_predictions:  # their labels and persons include the corrections that were applied
        return run.predictions.select("photo", "person", "label")
    split = run.split.select("photo", "person")
    label_of = dict(zip(table.photos, table.space.encode(table.label_indices()).tolist(), strict=True))
    labels = [label_of.get(photo, UNKNOWN) for photo in split["photo"]]
    return split.with_columns(pl.Series("label", labels, dtype=pl.Int64))


def _photos_of_some_persons(split: pl.DataFrame) -> list[str]:
    """The photos of a quarter of the groups, at least of one; none where there is only one group."""
    groups = split["group"].unique(maintain_order=True).sort()
    if len(groups) < 2:
        return []
    order = keyed_generator(0, "calibration", "persons").permutation(len(groups))
    some = groups[order[: max(1, len(groups) // 4)].tolist()]
    return split.filter(pl.col("group").is_in(some.implode()))["photo"].to_list()
