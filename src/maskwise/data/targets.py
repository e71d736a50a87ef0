"""Training targets: for each photo a distribution over the joint classes."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import erf

from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.tasks.label_space import Attribute, LabelSpace

Targets = npt.NDArray[np.float32]


def create_targets(table: PhotoTable, space: LabelSpace, deviations: Mapping[str, float]) -> Targets:
    """Target probabilities (N, C) of photos whose labels are all known.

    Args:
        table: the photos.
        space: the label space with the boundaries to train with.
        deviations: the standard deviation of a number's label, in its unit, by attribute: a label near a
            boundary is then shared by both bands, unless the data set is capped there. Labels of other attributes
            are certain.

    Raises:
        InputError: when a deviation is given for an attribute that is not numeric.
    """
    numeric = {a.name for a in space.attributes if a.is_numeric}
    if wrong := sorted(set(deviations) - numeric):
        raise InputError(f"labels.deviations: expected names of {sorted(numeric)}, got {wrong[0]!r}.")
    indices = table.label_indices(space)
    joint = np.ones((len(table), 1))
    for place, attribute in enumerate(space.attributes):
        own = np.eye(len(attribute.values))[indices[:, place]]
        if attribute.name in deviations:
            numbers = table.frame[attribute.name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            known = ~np.isnan(numbers)  # a band given alone stays certain
            # A data set whose largest number equals a boundary is capped there: such a label means `or more`. The
            # score's boundaries count too, as those to train with may be shifted.
            boundaries = {*table.space.attributes[place].boundaries, *attribute.boundaries}
            if known.any() and numbers[known].max() in boundaries:
                known &= numbers < numbers[known].max()
            own[known] = band_probabilities(numbers[known], attribute, deviations[attribute.name])
        joint = (joint[:, :, None] * own[:, None, :]).reshape(len(table), -1)
    return joint.astype(np.float32)


def band_probabilities(
    numbers: npt.NDArray[np.float64], attribute: Attribute, deviation: float
) -> npt.NDArray[np.float64]:
    """Probabilities (N, bands) of each band, for labels with a normally distributed error.

    A whole number means the unit that begins with it: a person is 29 until the 30th birthday.
    """
    if deviation <= 0:
        return np.eye(len(attribute.values))[attribute.band(numbers)]
    edges = np.asarray(attribute.boundaries)
    scaled = (edges[None] - (numbers[:, None] + 0.5)) / (deviation * math.sqrt(2))
    below = 0.5 * (1 + erf(scaled))
    steps = np.concatenate([np.zeros((len(numbers), 1)), below, np.ones((len(numbers), 1))], axis=1)
    return np.asarray(np.diff(steps, axis=1))
