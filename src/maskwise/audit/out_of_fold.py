"""Out-of-fold predictions of a table's photos: by linear models on frozen features, or from a run's folds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.reporter import Progress
from maskwise.runs.predictions import probability_columns, read_predictions
from maskwise.runs.run import Run
from maskwise.tasks.label_space import UNKNOWN

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
N_FOLDS = 5


@dataclass(frozen=True)
class OutOfFoldPredictions:
    """For each attribute probabilities (N, V), and for numeric ones also numbers (N,), NaN where there are none.

    `label_in_training` says for each attribute whether the photo's label (N,) occurred in the training data of the
    model that predicted it: a model that never saw a label gives no evidence against it.
    """

    probabilities: dict[str, Floats]
    numbers: dict[str, Floats]
    label_in_training: dict[str, Bools]


def predict_labels(
    features: npt.NDArray[np.float32], table: PhotoTable, folds: Ints, progress: Progress | None = None
) -> OutOfFoldPredictions:
    """Predict every photo's labels with models that were trained on neither the photo nor its person.

    Args:
        features: of the photos (N, F).
        table: the photos; some of their labels may be wrong.
        folds: fold of each photo (N,), persons kept together.
        progress: called with models trained and models in total.
    """
    indices = table.label_indices()
    attributes = table.space.attributes
    predictions = OutOfFoldPredictions({}, {}, {})
    numeric = [a.name for a in attributes if a.is_numeric]
    total, done = N_FOLDS * (len(attributes) + len(numeric)), 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    for place, attribute in enumerate(attributes):
        labels = indices[:, place]
        probabilities = np.full((len(table), len(attribute.values)), 1 / len(attribute.values))
        in_training = np.zeros(len(table), dtype=bool)
        for fold in range(N_FOLDS):
            inside, train = folds == fold, (folds != fold) & (labels != UNKNOWN)
            values = np.unique(labels[train])
            if len(values) > 1:
                model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
                model.fit(features[train], labels[train])
                probabilities[inside] = 1e-6
                probabilities[np.ix_(inside, values)] = model.predict_proba(features[inside])
                in_training[inside] = np.isin(labels[inside], values)
            count()
        predictions.label_in_training[attribute.name] = in_training
        predictions.probabilities[attribute.name] = probabilities
    for name in numeric:
        labels = table.frame[name].cast(float).fill_null(float("nan")).to_numpy()
        predictions.numbers[name] = np.full(len(table), np.nan)
        for fold in range(N_FOLDS):
            inside, train = folds == fold, (folds != fold) & ~np.isnan(labels)
            if train.sum() > 1 and inside.any():
                model = make_pipeline(StandardScaler(), Ridge(alpha=1000.0))
                model.fit(features[train], labels[train])
                predictions.numbers[name][inside] = model.predict(features[inside])
            count()
    return predictions


def read_run_predictions(run: Run, table: PhotoTable) -> pl.DataFrame:
    """The out-of-fold predictions of a run for a table's photos: `photo` and a probability of each class.

    Raises:
        InputError: when the run has no out-of-fold predictions, other classes, or none of these photos.
    """
    if run.lineage.folds is None:
        raise InputError(
            f"Expected {run.path} to have out-of-fold predictions of all photos, got a run without folds: "
            "train one with folds."
        )
    frame = read_predictions(run.folder.predictions, table.space)
    run.check_file(run.folder.predictions)
    frame = frame.select("photo", *probability_columns(table.space))
    known = frame.filter(pl.col("photo").is_in(table.photos))
    if known.is_empty():
        raise InputError(
            f"Expected {run.path} to have predicted these photos, got none of them: audit the data it was trained on."
        )
    return known


def with_run_predictions(
    predictions: OutOfFoldPredictions, of_run: pl.DataFrame, table: PhotoTable
) -> OutOfFoldPredictions:
    """Replace probabilities by those of a run, for the photos that it has predicted; numbers stay."""
    place = {photo: row for row, photo in enumerate(of_run["photo"])}
    rows = np.array([place.get(photo, UNKNOWN) for photo in table.photos], dtype=np.int64)
    there = rows != UNKNOWN
    joint = of_run.drop("photo").to_numpy().astype(np.float64)[rows[there]]
    values = table.space.decode(np.arange(table.space.n_classes))
    probabilities = {}
    for number, attribute in enumerate(table.space.attributes):
        of_value = values[:, number][:, None] == np.arange(len(attribute.values))
        mixed = predictions.probabilities[attribute.name].copy()
        mixed[there] = joint @ of_value
        probabilities[attribute.name] = mixed
    return OutOfFoldPredictions(probabilities, predictions.numbers, predictions.label_in_training)
