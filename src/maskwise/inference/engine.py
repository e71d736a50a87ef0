"""What a predictor needs of an engine: PyTorch, ONNX Runtime or OpenVINO."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import Pixels
from maskwise.data.transform import TransformSpec
from maskwise.models.decision import Rule
from maskwise.tasks.label_space import LabelSpace

Probabilities = npt.NDArray[np.float32]

NO_PROBABILITIES = "the model gave no probabilities but NaN or infinity: its file is damaged"


class Engine(Protocol):
    """Computes joint probabilities from pixels."""

    @property
    def backend(self) -> str:
        """The engine's name."""

    @property
    def transforms(self) -> tuple[TransformSpec, ...]:
        """The members' transforms, each once."""

    def probabilities(self, images: Sequence[Pixels]) -> Probabilities:
        """Joint probabilities (N, C) of the same photos (N, height, width, 3) by each of the transforms."""


def invalid_rows(probabilities: Probabilities) -> npt.NDArray[np.bool_]:
    """The rows (N,) of probabilities (N, C) that are none: NaN or infinite, as of a broken model."""
    return np.asarray(~np.isfinite(probabilities).all(axis=1))


class Card(Protocol):
    """The description of a model."""

    @property
    def space(self) -> LabelSpace:
        """The label space that predictions are in."""

    @property
    def decision(self) -> Rule:
        """How classes are decided where nothing else is asked for."""

    @property
    def commonest_class(self) -> int:
        """The commonest class of the training photos."""
