"""A run that predicts: its member, on the device at hand."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from maskwise.data.decoding import PhotoError, Pixels
from maskwise.data.loading import default_workers, load_batches
from maskwise.data.normalization import normalize
from maskwise.data.photos import transform_photo
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError
from maskwise.inference.members import member_folders
from maskwise.models.ensemble import EnsembleSpec, combine_members, load_ensemble
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
    """The members of a run on a device; they may see a photo each in its own way, and speak with one voice."""

    def __init__(
        self, members: Sequence[Member], device: torch.device, ensemble: EnsembleSpec | None = None
    ) -> None:
        self.card = members[0].card
        self.space = self.card.space
        self._device = device
        self._ensemble = ensemble or EnsembleSpec()
        # Members with one transform share each photo's pixels.
        self._groups: dict[TransformSpec, list[int]] = {}
        for place, member in enumerate(members):
            self._groups.setdefault(member.card.transform, []).append(place)
        self._classifiers = [member.classifier.to(device) for member in members]

    def probabilities(self, images: Pixels, transform: TransformSpec | None = None) -> Probabilities:
        """Joint probabilities (N, C) of photos (N, height, width, 3), transformed as all members want them."""
        return combine_members(
            self._of_members(images, transform or self.card.transform),
            self._ensemble.combine,
            self._ensemble.weights,
        )

    def _of_members(self, images: Pixels, transform: TransformSpec) -> Probabilities:
        """Probabilities (M, N, C) of the members with this transform."""
        with torch.inference_mode():
            pixels = normalize(torch.from_numpy(images).to(self._device), transform.normalization)
            told = [self._classifiers[place](pixels).softmax(dim=1) for place in self._groups[transform]]
            return np.asarray(torch.stack(told).float().cpu().numpy())

    def predict(self, paths: Iterable[Path], *, batch_size: int = BATCH_SIZE) -> Iterator[Prediction]:
        """Predictions in the order of the paths; only a few batches are held at once."""
        streams = itertools.tee(_batches(paths, batch_size), len(self._groups))
        loaded = [_load(stream, transform) for stream, transform in zip(streams, self._groups, strict=True)]
        for parts in zip(*loaded, strict=True):
            batch = parts[0][0]
            told = np.empty((len(self._classifiers), len(batch), self.space.n_classes), dtype=np.float32)
            for (_, images), (transform, places) in zip(parts, self._groups.items(), strict=True):
                told[places] = self._of_members(images, transform)
            rows = combine_members(told, self._ensemble.combine, self._ensemble.weights)
            for prediction, row in zip(batch, rows, strict=True):
                if prediction.error is None:
                    prediction.probabilities = row
                yield prediction


def _load(
    batches: Iterable[list[Prediction]], transform: TransformSpec
) -> Iterator[tuple[Sequence[Prediction], Pixels]]:
    size = transform.output_size

    def load(prediction: Prediction) -> Pixels:
        try:
            return transform_photo(prediction.path, transform)
        except PhotoError as error:
            prediction.error = str(error)
            return np.zeros((*size, 3), dtype=np.uint8)

    return load_batches(batches, load, size, workers=default_workers())


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
    """The predictor of a run, all its members, on a GPU where there is one.

    Raises:
        InputError: when the run has no member, its files are broken, or members tell other classes apart.
    """
    folders = member_folders(run)
    members = [load_member(folder) for folder in folders]
    for folder, member in zip(folders, members, strict=True):
        if member.card.space.class_names != members[0].card.space.class_names:
            raise InputError(f"Expected {folder} to have the classes of {folders[0]}, got others.")
    return Predictor(members, device or default_device(), load_ensemble(run, len(members)))


def default_device() -> torch.device:
    """A GPU where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
