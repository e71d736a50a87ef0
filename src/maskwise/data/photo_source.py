"""From a photo's path or content to a model's input pixels, with or without the cache."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from maskwise.data.decoded_cache import DecodedCache
from maskwise.data.decoding import Decoded, PhotoError, Pixels, decode_for, read_photo
from maskwise.data.transform import TransformSpec, compose, finish, resolution_needed
from maskwise.data.warp import warp
from maskwise.errors import MaskwiseError
from maskwise.randomness import Key


def load_decoded(path: Path, spec: TransformSpec) -> Decoded:
    """Read and decode a photo at the smallest scale that is sufficient for a transform.

    Raises:
        PhotoError: when it can't be read or used.
    """
    return _decode_for(read_photo(path), spec)


def _decode_for(data: bytes, spec: TransformSpec) -> Decoded:
    return decode_for(data, partial(resolution_needed, spec))


def transform_photo(path: Path, spec: TransformSpec) -> Pixels:
    """The input pixels of a photo in evaluation: (height, width, 3), RGB, uint8, before normalisation.

    Raises:
        PhotoError: when it can't be read or used.
    """
    return transform_content(read_photo(path), spec)


def transform_content(data: bytes, spec: TransformSpec) -> Pixels:
    """The input pixels of a photo's content in evaluation: (height, width, 3), RGB, uint8, before normalisation.

    Raises:
        PhotoError: when it can't be used.
    """
    decoded = _decode_for(data, spec)
    warped = warp(decoded, compose(spec, decoded.full_size, train=False), spec.output_size)
    return finish(warped, spec, train=False)


@dataclass(frozen=True)
class PhotoSource:
    """The photos of a table under one transform; safe to use from several threads."""

    photos: Sequence[str]
    paths: Sequence[Path]
    spec: TransformSpec
    seed: int
    cache: DecodedCache | None = None
    digests: Sequence[str] = ()

    def load(self, row: int, epoch: int | None, occurrence: int = 0) -> Pixels:
        """Pixels (height, width, 3) of one photo; with an `epoch`, augmented for training.

        A photo that occurs several times in an epoch is augmented differently each time, by its `occurrence`.

        Raises:
            MaskwiseError: when a photo that the scan could read can't be read any more.
        """
        try:
            decoded = self._decoded(row)
        except PhotoError as error:
            raise MaskwiseError(
                f"Expected {self.paths[row]} to be unchanged since the scan, got: {error}. "
                "Do not change photos while they are in use; then resume."
            ) from error
        key: tuple[Key, ...] = () if epoch is None else (self.seed, epoch, self.photos[row])
        if occurrence:
            key = (*key, occurrence)
        train = epoch is not None
        matrix = compose(self.spec, decoded.full_size, train=train, key=key)
        return finish(warp(decoded, matrix, self.spec.output_size), self.spec, train=train, key=key)

    def _decoded(self, row: int) -> Decoded:
        if self.cache is not None:
            return self.cache.read(self.digests[row])
        return load_decoded(self.paths[row], self.spec)
