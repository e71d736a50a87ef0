"""From photos to joint probabilities, whichever engine computes them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from maskwise.data.decoding import PhotoError, Pixels, read_photo
from maskwise.data.decoding_pool import default_workers, load_batches
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.faces.face_points import FacePoints
from maskwise.data.transform_photo import need_faces, transform_content
from maskwise.errors import InputError
from maskwise.inference.engine import NO_PROBABILITIES, Card, Engine, Probabilities, invalid_rows
from maskwise.reporter import Progress

BATCH_SIZE = 64


@dataclass
class Prediction:
    """Joint probabilities (C,) of one photo, or the reason why there are none."""

    path: Path
    probabilities: Probabilities | None = None
    error: str | None = None
    note: str | None = None
    """What a reader should know about the photo, such as that no face was found."""


class Predictor:
    """A model and the engine that computes it; a photo that can't be read becomes an error in its own prediction."""

    def __init__(
        self, card: Card, engine: Engine, known_faces: Mapping[str, FacePoints] | None = None
    ) -> None:
        """A predictor; its face detector, where a transform needs one, is loaded here.

        Args:
            card: what the model says of itself.
            engine: computes.
            known_faces: faces found before, by the digest of a photo's content: they are not looked for again.

        Raises:
            InputError: when a face detector is needed and its package is missing.
        """
        self.card = card
        self.space = card.space
        self.engine = engine
        self.face_finder = FaceFinder(known_faces) if need_faces(engine.transforms) else None

    def predict(self, paths: Iterable[Path], *, batch_size: int = BATCH_SIZE) -> Iterator[Prediction]:
        """Predictions in the order of the paths; only a few batches are held at once."""
        transforms, finder = self.engine.transforms, self.face_finder
        sizes = [transform.output_size for transform in transforms]

        def load(prediction: Prediction) -> Sequence[Pixels]:
            try:
                transformed = transform_content(read_photo(prediction.path), transforms, finder)
            except PhotoError as error:
                prediction.error = str(error)
                return [np.zeros((*size, 3), dtype=np.uint8) for size in sizes]
            prediction.note = transformed.note
            return transformed.images

        batches = _batches(paths, batch_size)
        for predictions, images in load_batches(batches, load, sizes, workers=default_workers()):
            rows = self.engine.probabilities(images)
            for prediction, row, invalid in zip(predictions, rows, invalid_rows(rows), strict=True):
                if prediction.error is None and invalid:
                    prediction.error = NO_PROBABILITIES
                if prediction.error is None:
                    prediction.probabilities = row
                yield prediction

    def predict_all(self, paths: Sequence[Path], progress: Progress | None = None) -> Probabilities:
        """Joint probabilities (N, C) of photos that a scan has found readable.

        Args:
            paths: of the photos (N).
            progress: called with photos done and photos in all.

        Raises:
            InputError: naming the first photo that can't be read any more.
        """
        probabilities = np.empty((len(paths), self.space.n_classes), dtype=np.float32)
        if progress:
            progress(0, len(paths))
        for row, prediction in enumerate(self.predict(paths)):
            if prediction.probabilities is None:
                raise InputError(
                    f"Expected {prediction.path} to be as the scan saw it, got: {prediction.error}."
                )
            probabilities[row] = prediction.probabilities
            if progress:
                progress(row + 1, len(paths))
        return probabilities


def _batches(paths: Iterable[Path], size: int) -> Iterator[list[Prediction]]:
    batch: list[Prediction] = []
    for path in paths:
        batch.append(Prediction(path))
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
