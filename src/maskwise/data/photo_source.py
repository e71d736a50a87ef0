"""From a photo's name to the pixels that go into a model, with or without the cache."""

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
    """A photo as evaluation and prediction see it: (height, width, 3), RGB, not yet normalised.

    Raises:
        PhotoError: when it can't be read or used.
    """
    return transform_content(read_photo(path), spec)


def transform_content(data: bytes, spec: TransformSpec) -> Pixels:
    """A photo's bytes as evaluation and prediction see it: (height, width, 3), RGB, not yet normalised.

    Raises:
        PhotoError: when it can't be used.
    """
    decoded = _decode_for(data, spec)
    warped = warp(decoded, compose(spec, decoded.full_size, train=False), spec.output_size)
    return finish(warped, spec, train=False)


@dataclass(frozen=True)
class PhotoSource:
    """The photos of a table behind one transform; safe to use from many threads."""

    photos: Sequence[str]
    paths: Sequence[Path]
    spec: TransformSpec
    seed: int
    cache: DecodedCache | None = None
    digests: Sequence[str] = ()

    def load(self, row: int, epoch: int | None, occurrence: int = 0) -> Pixels:
        """Pixels (height, width, 3) of one photo; with an `epoch`, as training draws them in it.

        A photo that comes several times in an epoch is drawn anew each time, by its `occurrence`.

        Raises:
            MaskwiseError: when the photo, fine in the scan, can't be read any more.
        """
        try:
            decoded = self._decoded(row)
        except PhotoError as error:
            raise MaskwiseError(
                f"Expected {self.paths[row]} to be as the scan saw it, got: {error}. "
                "Leave the photos alone while they are in use, and resume."
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
