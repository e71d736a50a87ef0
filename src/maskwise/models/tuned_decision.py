"""A decision fitted on out-of-fold predictions: calibration, class weights for macro F1, and abstention."""

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace

Floats = npt.NDArray[np.floating]


class TunedDecision(StrictModel):
    """The fitted values and their effect; `gain` was measured on persons that were not used for fitting."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    temperature: float = Field(ge=1e-3, le=1e3)
    class_weights: tuple[Annotated[float, Field(ge=0, le=1e9)], ...]
    rule: str  # the decision without class weights
    calibration_error: tuple[float, float]  # before and after, the latter nested
    gain: float  # of macro F1, by nested folds
    gain_ci95: tuple[float, float]
    thresholds: dict[
        str, tuple[float, float, float]
    ]  # required accuracy: threshold, share kept, accuracy reached

    def calibrated(self, probabilities: Floats) -> npt.NDArray[np.float64]:
        """Probabilities (N, C) at the fitted temperature."""
        return with_temperature(probabilities, self.temperature)

    def weighted(self, probabilities: Floats) -> npt.NDArray[np.int64]:
        """Joint classes (N,) of the highest probability times its class's weight."""
        return weighted_classes(probabilities, np.asarray(self.class_weights))


def with_temperature(probabilities: Floats, temperature: float) -> npt.NDArray[np.float64]:
    """Probabilities (N, C) to the power of 1 / temperature (C. Guo et al., "On Calibration", 2017)."""
    logits = np.log(np.clip(probabilities.astype(np.float64), 1e-12, None)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    powered = np.exp(logits)
    return np.asarray(powered / powered.sum(axis=1, keepdims=True))


def weighted_classes(probabilities: Floats, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Joint classes (N,) of the highest probability (N, C) times weight (C,)."""
    return np.asarray((probabilities * weights).argmax(axis=1), dtype=np.int64)


def pool_by_person(
    probabilities: Floats, persons: npt.NDArray[np.str_], space: LabelSpace
) -> npt.NDArray[np.float64]:
    """Joint probabilities (N, C) with the constant attributes pooled over all photos of a person (N,).

    The logarithms of the constant attributes' joint marginals are averaged over the person's photos: a geometric
    mean, which gives correlated photos less weight than a product would.
    """
    cube = probabilities.astype(np.float64).reshape(-1, *space.sizes)
    constant = [place + 1 for place, attribute in enumerate(space.attributes) if attribute.constant]
    varying = tuple(place + 1 for place in range(len(space.sizes)) if place + 1 not in constant)
    shared = cube.sum(axis=varying, keepdims=True)  # of the constant attributes together
    own = cube.sum(axis=tuple(constant), keepdims=True)  # of the attributes that vary from photo to photo
    _, index = np.unique(persons, return_inverse=True)
    flat = np.log(np.clip(shared.reshape(len(cube), -1), 1e-12, None))
    sums = np.zeros((index.max() + 1, flat.shape[1]))
    np.add.at(sums, index, flat)
    mean = np.exp(sums / np.bincount(index)[:, None])
    mean /= mean.sum(axis=1, keepdims=True)
    return np.asarray((mean[index].reshape(shared.shape) * own).reshape(len(cube), -1))
