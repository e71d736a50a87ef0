"""Agreement about ordered classes: a mistake costs more the further away it is."""

import numpy as np

from maskwise.metrics.array_inputs import Floats
from maskwise.metrics.class_counts import CountStatistic


def quadratic_kappa(n_classes: int) -> CountStatistic:
    """Cohen's kappa with quadratic weights, from confusion counts (..., C * C), of ordered classes."""
    place = np.arange(n_classes)
    distance = ((place[:, None] - place[None]) ** 2).astype(np.float64)

    def statistic(counts: Floats) -> Floats:
        table = counts.reshape(*counts.shape[:-1], n_classes, n_classes)
        observed = (table * distance).sum(axis=(-1, -2))
        expected = np.einsum("...i,ij,...j->...", table.sum(axis=-1), distance, table.sum(axis=-2))
        total = table.sum(axis=(-1, -2))
        ratio = np.divide(observed * total, expected, out=np.full_like(observed, np.nan), where=expected > 0)
        return np.asarray(1 - ratio)

    return statistic
