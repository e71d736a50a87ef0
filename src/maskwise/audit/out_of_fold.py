"""What a simple model, trained on other persons, says of each photo: frozen features and linear models."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from maskwise.data.table import PhotoTable
from maskwise.evaluation.tuning import fit_temperature
from maskwise.models.tuned_decision import with_temperature

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
N_FOLDS = 5


@dataclass(frozen=True)
class OutOfFoldLabels:
    """For each attribute calibrated probabilities (N, V); for numbers also predictions (N,)."""

    probabilities: dict[str, Floats]
    numbers: dict[str, Floats]


def predict_labels(
    features: npt.NDArray[np.float32],
    table: PhotoTable,
    folds: Ints,
    progress: Callable[[int, int], None] | None = None,
) -> OutOfFoldLabels:
    """Predict every photo's labels by models that saw neither the photo nor the person.

    Args:
        features: of the photos (N, F).
        table: the photos, whose labels may be wrong.
        folds: of each photo (N,), persons kept together.
        progress: called with models done and models in all.
    """
    indices = table.label_indices()
    probabilities: dict[str, Floats] = {}
    numbers: dict[str, Floats] = {}
    numeric = [a.name for a in table.space.attributes if a.is_numeric]
    total, done = N_FOLDS * (len(table.space.attributes) + len(numeric)), 0
    for place, attribute in enumerate(table.space.attributes):
        told = np.full((len(table), len(attribute.values)), 1 / len(attribute.values))
        for fold in range(N_FOLDS):
            train = (folds != fold) & (indices[:, place] >= 0)
            if len(np.unique(indices[train, place])) > 1:
                model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
                model.fit(features[train], indices[train, place])
                inside = folds == fold
                told[np.ix_(inside, model.classes_)] = model.predict_proba(features[inside])
                missing = np.setdiff1d(np.arange(told.shape[1]), model.classes_)
                told[np.ix_(inside, missing)] = 1e-6
            done += 1
            if progress:
                progress(done, total)
        known = indices[:, place] >= 0
        temperature = fit_temperature(told[known], indices[known, place]) if known.any() else 1.0
        probabilities[attribute.name] = with_temperature(told, temperature)
    for name in numeric:
        numbers[name] = np.full(len(table), np.nan)
        labels = table.frame[name].cast(float).to_numpy()
        for fold in range(N_FOLDS):
            train = (folds != fold) & ~np.isnan(labels)
            if train.sum() > 1:
                model = make_pipeline(StandardScaler(), Ridge(alpha=1000.0)).fit(
                    features[train], labels[train]
                )
                numbers[name][folds == fold] = model.predict(features[folds == fold])
            done += 1
            if progress:
                progress(done, total)
    return OutOfFoldLabels(probabilities, numbers)
