"""Decode photos from untrusted clients within the service's limits."""

from collections.abc import Sequence

from maskwise.data.decoding import PhotoError, read_header
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.transform import TransformSpec
from maskwise.data.transform_photo import TransformedPhoto, transform_content
from maskwise.serving.limits import Limits
from maskwise.serving.pixel_limiter import PixelLimiter


def decode_bounded(
    photo: bytes,
    transforms: Sequence[TransformSpec],
    limits: Limits,
    limiter: PixelLimiter,
    finder: FaceFinder | None = None,
) -> TransformedPhoto:
    """An encoded photo after each of the transforms.

    Raises:
        PhotoError: when the photo is too large or can't be read.
    """
    if len(photo) > limits.photo_bytes:
        raise PhotoError(f"too large: the limit is {limits.photo_bytes / 1e6:g} MB")
    header = read_header(photo)
    with limiter.reserve(header.height * header.width):
        return transform_content(photo, transforms, finder)
