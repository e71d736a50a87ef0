"""A run that predicts: its member, on the device at hand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from maskwise.data.decoding import PhotoError, Pixels
from maskwise.data.loading import default_workers, load_batches
from maskwise.data.normalization import normalize
from maskwise.data.photos import transform_photo
from maskwise.inference.members import member_folders
from maskwise.models.member import Member, load_member

BATCH_SIZE = 64

Probabilities = npt.NDArray[np.float32]


@dataclass
class Prediction:
    """Joint probabilities (C,) of one photo, or the reason why there are none."""

    path: Path
    probabilities: Probabilities | None = None
    error: str | None = None


class Predictor:
    """A member on a device."""

    def __init__(self, member: Member, device: torch.device) -> None:
        self.card = member.card
        self.space = member.card.space
        self._device = device
        self._classifier = member.classifier.to(device)

    def probabilities(self, images: Pixels) -> Probabilities:
        """Joint probabilities (N, C) of transformed photos (N, height, width, 3)."""
        with torch.inference_mode():
            pixels = torch.from_numpy(images).to(self._device)
            logits = self._classifier(normalize(pixels, self.card.transform.normalization))
            return np.asarray(logits.softmax(dim=1).float().cpu().numpy())

    def predict(self, paths: Iterable[Path], *, batch_size: int = BATCH_SIZE) -> Iterator[Prediction]:
        """Predictions in the order of the paths; only a few batches are held at once."""
        size = self.card.transform.output_size

        def load(prediction: Prediction) -> Pixels:
            try:
                return transform_photo(prediction.path, self.card.transform)
            except PhotoError as error:
                prediction.error = str(error)
                return np.zeros((*size, 3), dtype=np.uint8)

        for batch, images in load_batches(_batches(paths, batch_size), load, size, workers=default_workers()):
            probabilities = self.probabilities(images)
            for prediction, row in zip(batch, probabilities, strict=True):
                if prediction.error is None:
                    prediction.probabilities = row
                yield prediction


def _batches(paths: Iterable[Path], size: int) -> Iterator[list[Prediction]]:
    batch: list[Prediction] = []
    for path in paths:
        batch.append(Prediction(path))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def load_predictor(run: Path, device: torch.device | None = None) -> Predictor:
    """The predictor of a run, on a GPU where there is one.

    Raises:
        InputError: when the run has no member, or its files are broken.
    """
    return Predictor(load_member(member_folders(run)[0]), device or default_device())


def default_device() -> torch.device:
    """A GPU where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
