"""The photos of a table as training draws them, with or without the cache of decoded photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maskwise.data.decoded_cache import DecodedCache
from maskwise.data.decoding import Decoded, EncodedPhoto, PhotoError, Pixels, read_photo
from maskwise.data.faces.alignment import Points
from maskwise.data.faces.face_points import FacePoints
from maskwise.data.transform import TransformSpec, compose, finish, resolution_needed
from maskwise.data.warp import warp
from maskwise.errors import MaskwiseError
from maskwise.randomness import Key


def load_decoded(path: Path, spec: TransformSpec, points: Points | None = None) -> Decoded:
    """Read and decode a photo at the smallest scale that is sufficient for a transform.

    Args:
        path: of the photo.
        spec: the transform.
        points: the face's landmarks (5, 2), where the transform cuts it out.

    Raises:
        PhotoError: when it can't be read or used.
    """
    photo = EncodedPhoto(read_photo(path))
    return photo.decode(resolution_needed(spec, photo.full_size, points))


@dataclass(frozen=True)
class PhotoSource:
    """The photos of a table under one transform; safe to use from several threads."""

    photos: Sequence[str]
    paths: Sequence[Path]
    spec: TransformSpec
    seed: int
    cache: DecodedCache | None = None
    digests: Sequence[str] = ()
    faces: Mapping[str, FacePoints] = field(default_factory=dict)
    """By the digest of a photo's content, where the transform cuts out the face."""

    def load(self, row: int, epoch: int | None, occurrence: int = 0) -> Pixels:
        """Pixels (height, width, 3) of one photo; with an `epoch`, augmented for training.

        A photo that occurs several times in an epoch is augmented differently each time, by its `occurrence`.

        Raises:
            MaskwiseError: when a photo that the scan could read can't be read any more.
        """
        points = self.faces[self.digests[row]].points if self.faces else None
        try:
            decoded = self._decoded(row, points)
        except PhotoError as error:
            raise MaskwiseError(
                f"Expected {self.paths[row]} to be unchanged since the scan, got: {error}. "
                "Do not change photos while they are in use; then resume."
            ) from error
        key: tuple[Key, ...] = () if epoch is None else (self.seed, epoch, self.photos[row])
        if occurrence:
            key = (*key, occurrence)
        train = epoch is not None
        matrix = compose(self.spec, decoded.full_size, train=train, points=points, key=key)
        return finish(warp(decoded, matrix, self.spec.output_size), self.spec, train=train, key=key)

    def _decoded(self, row: int, points: Points | None) -> Decoded:
        if self.cache is not None:
            return self.cache.read(self.digests[row])
        return load_decoded(self.paths[row], self.spec, points)
