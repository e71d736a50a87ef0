"""A decision fitted on out-of-fold predictions: calibrated, weighted for macro F1, or silent where unsure."""

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from maskwise.errors import InputError
from maskwise.files import read_json, write_text
from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace

Floats = npt.NDArray[np.floating]
FILE = "decision.json"


class TunedDecision(StrictModel):
    """What was fitted, and what it is worth: `gain` was measured on persons that it was not fitted on."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    temperature: float = Field(gt=0)
    class_weights: tuple[float, ...]
    rule: str  # how classes are decided without weights
    calibration_error: tuple[float, float]  # before and after, the latter nested
    gain: float  # of macro F1, by nested folds
    gain_ci95: tuple[float, float]
    thresholds: dict[
        str, tuple[float, float, float]
    ]  # accuracy asked: threshold, share kept, accuracy reached

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
    """Joint probabilities (N, C) whose constant attributes are agreed upon over all photos of a person (N,).

    The logarithms of the constant attributes' joint marginals are averaged over the person's photos: a geometric
    mean, which trusts correlated photos less than a product would.
    """
    cube = probabilities.astype(np.float64).reshape(-1, *space.sizes)
    constant = [place + 1 for place, attribute in enumerate(space.attributes) if attribute.constant]
    varying = tuple(place + 1 for place in range(len(space.sizes)) if place + 1 not in constant)
    shared = cube.sum(axis=varying, keepdims=True)  # of the constant attributes together
    own = cube.sum(axis=tuple(constant), keepdims=True)  # of those that vary from photo to photo
    _, index = np.unique(persons, return_inverse=True)
    flat = np.log(np.clip(shared.reshape(len(cube), -1), 1e-12, None))
    sums = np.zeros((index.max() + 1, flat.shape[1]))
    np.add.at(sums, index, flat)
    mean = np.exp(sums / np.bincount(index)[:, None])
    mean /= mean.sum(axis=1, keepdims=True)
    return np.asarray((mean[index].reshape(shared.shape) * own).reshape(len(cube), -1))


def save_decision(run: Path, decision: TunedDecision) -> None:
    """Write `decision.json` of a run."""
    write_text(run / FILE, decision.model_dump_json(indent=2, by_alias=True) + "\n")


def load_decision(run: Path) -> TunedDecision:
    """Read `decision.json` of a run.

    Raises:
        InputError: when there is none, or it is broken.
    """
    if not (run / FILE).is_file():
        raise InputError(
            f"Expected {run} to have a fitted decision ({FILE}), got none: train it with --folds, which fits one."
        )
    try:
        return TunedDecision.model_validate(read_json(run / FILE))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{run / FILE}: expected a fitted decision, got {where}: {first['msg']}.") from error
