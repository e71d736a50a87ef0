"""What a model, trained on other persons, says of each photo: linear models on frozen features, or a run's folds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwise.data.scan import Progress
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.runs.predictions import probability_columns, read_predictions
from maskwise.runs.run import Run
from maskwise.tasks.label_space import UNKNOWN

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
N_FOLDS = 5


@dataclass(frozen=True)
class OutOfFoldLabels:
    """For each attribute probabilities (N, V); for numbers also predictions (N,), NaN where there are none.

    `learnt` tells for each attribute whether the photo's model had seen a photo with the photo's label (N,): one that
    has not can't doubt it.
    """

    probabilities: dict[str, Floats]
    numbers: dict[str, Floats]
    learnt: dict[str, Bools]


def predict_labels(
    features: npt.NDArray[np.float32], table: PhotoTable, folds: Ints, progress: Progress | None = None
) -> OutOfFoldLabels:
    """Predict every photo's labels by models that saw neither the photo nor the person.

    Args:
        features: of the photos (N, F).
        table: the photos, whose labels may be wrong.
        folds: of each photo (N,), persons kept together.
        progress: called with models done and models in all.
    """
    indices = table.label_indices()
    attributes = table.space.attributes
    told = OutOfFoldLabels({}, {}, {})
    numeric = [a.name for a in attributes if a.is_numeric]
    total, done = N_FOLDS * (len(attributes) + len(numeric)), 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    for place, attribute in enumerate(attributes):
        labels = indices[:, place]
        raw = np.full((len(table), len(attribute.values)), 1 / len(attribute.values))
        learnt = np.zeros(len(table), dtype=bool)
        for fold in range(N_FOLDS):
            inside, train = folds == fold, (folds != fold) & (labels != UNKNOWN)
            values = np.unique(labels[train])
            if len(values) > 1:
                model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
                model.fit(features[train], labels[train])
                raw[inside] = 1e-6
                raw[np.ix_(inside, values)] = model.predict_proba(features[inside])
                learnt[inside] = np.isin(labels[inside], values)
            count()
        told.learnt[attribute.name] = learnt
        told.probabilities[attribute.name] = raw
    for name in numeric:
        labels = table.frame[name].cast(float).fill_null(float("nan")).to_numpy()
        told.numbers[name] = np.full(len(table), np.nan)
        for fold in range(N_FOLDS):
            inside, train = folds == fold, (folds != fold) & ~np.isnan(labels)
            if train.sum() > 1 and inside.any():
                model = make_pipeline(StandardScaler(), Ridge(alpha=1000.0))
                model.fit(features[train], labels[train])
                told.numbers[name][inside] = model.predict(features[inside])
            count()
    return told


def read_folds(run: Run, table: PhotoTable) -> pl.DataFrame:
    """What a run's folds say of a table's photos: `photo` and a probability for each class.

    Raises:
        InputError: when the run has no out-of-fold predictions, other classes, or none of these photos.
    """
    if run.lineage.folds is None:
        raise InputError(
            f"Expected {run.path} to have out-of-fold predictions for everybody, got a run without folds: train it "
            "with --folds 5."
        )
    frame = read_predictions(run.folder.predictions, table.space)
    frame = frame.select("photo", *probability_columns(table.space))
    known = frame.filter(pl.col("photo").is_in(table.photos))
    if known.is_empty():
        raise InputError(
            f"Expected {run.path} to have predicted these photos, got none of them: name its data."
        )
    return known


def with_folds(told: OutOfFoldLabels, folds: pl.DataFrame, table: PhotoTable) -> OutOfFoldLabels:
    """What a run's folds say in place of the linear models, for the photos that they have predicted; numbers stay."""
    place = {photo: row for row, photo in enumerate(folds["photo"])}
    rows = np.array([place.get(photo, UNKNOWN) for photo in table.photos], dtype=np.int64)
    there = rows != UNKNOWN
    joint = folds.drop("photo").to_numpy().astype(np.float64)[rows[there]]
    values = table.space.decode(np.arange(table.space.n_classes))
    probabilities = {}
    for number, attribute in enumerate(table.space.attributes):
        of_value = values[:, number][:, None] == np.arange(len(attribute.values))
        mixed = told.probabilities[attribute.name].copy()
        mixed[there] = joint @ of_value
        probabilities[attribute.name] = mixed
    return OutOfFoldLabels(probabilities, told.numbers, told.learnt)
