"""Training photos to calibrate the ranges of 8-bit integers on."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from maskwise.data.decoding import PhotoError, Pixels
from maskwise.data.transform import TransformSpec
from maskwise.data.transform_photo import transform_photo
from maskwise.errors import InputError
from maskwise.randomness import keyed_generator

_PHOTOS = 300


def calibration_photos(paths: Sequence[Path], transforms: Sequence[TransformSpec]) -> list[list[Pixels]]:
    """The pixels of up to 300 training photos, chosen at random; photos that can't be read any more are left out.

    Args:
        paths: of the training photos.
        transforms: of the model, one for each input.

    Returns:
        For each photo the pixels (1, height, width, 3), uint8, for each input.

    Raises:
        InputError: when no photo can be read.
    """
    pixels: list[list[Pixels]] = []
    for row in keyed_generator(0, "calibration").permutation(len(paths)).tolist():
        with suppress(PhotoError):
            pixels.append([transform_photo(paths[row], t)[np.newaxis] for t in transforms])
        if len(pixels) == _PHOTOS:
            break
    if not pixels:
        raise InputError(
            "Expected photos that the run was trained on, to calibrate int8 on, got none that can be read. They have "
            "to show other persons than the photos that int8 is checked on: give the data of the run.",
            setting="data",
        )
    return pixels
