"""From photos to joint probabilities, whichever engine computes them."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskwise.data.decoding import PhotoError, Pixels
from maskwise.data.decoding_pool import default_workers, load_batches
from maskwise.data.photo_source import transform_photo
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError
from maskwise.inference.engine import Card, Engine, Probabilities

BATCH_SIZE = 64


@dataclass
class Prediction:
    """Joint probabilities (C,) of one photo, or the reason why there are none."""

    path: Path
    probabilities: Probabilities | None = None
    error: str | None = None


class Predictor:
    """A model and the engine that computes it; a photo that can't be read becomes an error in its own prediction."""

    def __init__(self, card: Card, engine: Engine) -> None:
        self.card = card
        self.space = card.space
        self.engine = engine

    def predict(self, paths: Iterable[Path], *, batch_size: int = BATCH_SIZE) -> Iterator[Prediction]:
        """Predictions in the order of the paths; only a few batches are held at once."""
        transforms = self.engine.transforms
        streams = itertools.tee(_batches(paths, batch_size), len(transforms))
        loaded = [_load(stream, transform) for stream, transform in zip(streams, transforms, strict=True)]
        for parts in zip(*loaded, strict=True):
            rows = self.engine.probabilities([images for _, images in parts])
            for prediction, row in zip(parts[0][0], rows, strict=True):
                if prediction.error is None:
                    prediction.probabilities = row
                yield prediction

    def predict_all(
        self, paths: Sequence[Path], progress: Callable[[int, int], None] | None = None
    ) -> Probabilities:
        """Joint probabilities (N, C) of photos that a scan has found readable.

        Args:
            paths: of the photos (N).
            progress: called with photos done and photos in all.

        Raises:
            InputError: naming the first photo that can't be read any more.
        """
        probabilities = np.empty((len(paths), self.space.n_classes), dtype=np.float32)
        for row, prediction in enumerate(self.predict(paths)):
            if prediction.probabilities is None:
                raise InputError(
                    f"Expected {prediction.path} to be as the scan saw it, got: {prediction.error}."
                )
            probabilities[row] = prediction.probabilities
            if progress:
                progress(row + 1, len(paths))
        return probabilities


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
