"""A photo's bytes to what goes into a model, outside of training: the same for evaluation, prediction and serving."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from maskwise.data.decoding import EncodedPhoto, Pixels, read_photo
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.faces.face_points import FacePoints
from maskwise.data.transform import TransformSpec, compose, finish, resolution_needed
from maskwise.data.warp import warp


@dataclass(frozen=True)
class TransformedPhoto:
    """A photo as models see it, and the face that was cut out where a transform asks for one."""

    images: tuple[Pixels, ...]
    """One per transform: (height, width, 3), RGB, not yet normalised."""
    face: FacePoints | None = None
    """None where no transform looks for a face."""

    @property
    def note(self) -> str | None:
        """What to say about the face: none found, or several."""
        return None if self.face is None else self.face.note


def need_faces(transforms: Sequence[TransformSpec]) -> bool:
    """Whether any of the transforms cuts out the face."""
    return any(transform.face_crop is not None for transform in transforms)


@lru_cache(maxsize=1)
def shared_face_finder() -> FaceFinder:
    """One finder for all calls of this process that bring none of their own.

    Raises:
        InputError: when the detector's package is missing, or its file is missing, truncated or altered.
    """
    return FaceFinder()


def transform_content(
    data: bytes, transforms: Sequence[TransformSpec], finder: FaceFinder | None = None
) -> TransformedPhoto:
    """A photo's bytes after each of the transforms.

    Args:
        data: of the photo.
        transforms: what happens to it; the face is looked for once.
        finder: finds faces; by default one that the process shares.

    Raises:
        PhotoError: when the photo can't be used.
        InputError: when a transform needs faces and the detector's package is missing.
    """
    photo = EncodedPhoto(data)
    face = (finder or shared_face_finder()).find(photo) if need_faces(transforms) else None
    return TransformedPhoto(tuple(_transform(photo, spec, face) for spec in transforms), face)


def transform_photo(path: Path, spec: TransformSpec, finder: FaceFinder | None = None) -> Pixels:
    """A photo after one transform: (height, width, 3), RGB, not yet normalised.

    Raises:
        PhotoError: when it can't be read or used.
        InputError: when the transform needs faces and the detector's package is missing.
    """
    return transform_content(read_photo(path), [spec], finder).images[0]


def _transform(photo: EncodedPhoto, spec: TransformSpec, face: FacePoints | None) -> Pixels:
    points = None if face is None or spec.face_crop is None else face.points
    decoded = photo.decode(resolution_needed(spec, photo.full_size, points))
    matrix = compose(spec, decoded.full_size, train=False, points=points)
    return finish(warp(decoded, matrix, spec.output_size), spec, train=False)
