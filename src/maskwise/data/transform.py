"""One description of how photos become model inputs, stored with the model and used in every place.

Geometric steps are composed into a single affine warp from the decoded photo to the output, so pixels are resampled
once. Randomness is keyed by (seed, epoch, photo, step): adding a step does not change the draws of the others.
"""

from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from maskwise.data.augmentations import PixelStep, change_pixels
from maskwise.data.decoding import Pixels
from maskwise.randomness import Key, keyed_uniforms
from maskwise.strict_model import StrictModel

Phase = Literal["train", "always"]
Matrix = npt.NDArray[np.float64]


class _Step(StrictModel):
    phase: Phase = "always"


class Rotation(_Step):
    """Rotate about the centre by a uniform angle in [-degrees, degrees]; the corners become black."""

    step: Literal["rotation"] = "rotation"
    degrees: float = Field(gt=0, le=180)
    phase: Phase = "train"


class HorizontalFlip(_Step):
    """Mirror horizontally with a probability."""

    step: Literal["horizontal_flip"] = "horizontal_flip"
    probability: float = Field(default=0.5, ge=0, le=1)
    phase: Phase = "train"


class Zoom(_Step):
    """Scale about the centre by a log-uniform factor in [1 - amount, 1 / (1 - amount)]; the size stays."""

    step: Literal["zoom"] = "zoom"
    amount: float = Field(gt=0, lt=1)
    phase: Phase = "train"


class Shift(_Step):
    """Move by a uniform share of the width and the height in [-amount, amount]."""

    step: Literal["shift"] = "shift"
    amount: float = Field(gt=0, lt=1)
    phase: Phase = "train"


class CenterCrop(_Step):
    """Crop the centre; a smaller photo is padded with black, as torchvision does."""

    step: Literal["center_crop"] = "center_crop"
    height: int = Field(gt=0)
    width: int = Field(gt=0)


class Resize(_Step):
    """Stretch to a size."""

    step: Literal["resize"] = "resize"
    height: int = Field(gt=0, le=4096)
    width: int = Field(gt=0, le=4096)


class Normalize(_Step):
    """Subtract a mean and divide by a standard deviation, for pixels in [0, 1].

    `null` means those of the backbone; a run's recipe has the values.
    """

    step: Literal["normalize"] = "normalize"
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    phase: Literal["always"] = "always"


RandomStep = Rotation | HorizontalFlip | Zoom | Shift
Step = Annotated[RandomStep | CenterCrop | Resize | PixelStep | Normalize, Field(discriminator="step")]


class TransformSpec(StrictModel):
    """The steps in order: geometry, ending in a resize of phase `always`; pixel steps; normalisation."""

    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _check(self) -> "TransformSpec":
        names = [step.step for step in self.steps]
        if not names or names[-1] != "normalize" or names.count("normalize") != 1:
            raise ValueError("expected exactly one normalize, as the last step")
        geometry = [step for step in self.steps[:-1] if not isinstance(step, PixelStep)]
        if not geometry or not isinstance(geometry[-1], Resize) or geometry[-1].phase != "always":
            raise ValueError("expected a resize of phase always after all other geometry")
        if any(isinstance(step, PixelStep) for step in self.steps[: len(geometry)]):
            raise ValueError("expected steps that change pixels (color, blur, ...) after the resize")
        if any(isinstance(step, RandomStep) and step.phase == "always" for step in self.steps):
            raise ValueError("expected phase train for random steps, got always")
        if len(set(names)) != len(names):
            raise ValueError("expected each step once")
        return self

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the model's input."""
        resize = next(step for step in reversed(self.steps) if isinstance(step, Resize))
        return resize.height, resize.width

    @property
    def normalization(self) -> Normalize:
        """The last step."""
        last = self.steps[-1]
        assert isinstance(last, Normalize)  # guaranteed by _check
        return last


def compose(
    spec: TransformSpec, full_size: tuple[int, int], *, train: bool, key: tuple[Key, ...] = ()
) -> Matrix:
    """The affine map (3, 3) from output to photo coordinates; pixel centres are at half-integers.

    Args:
        spec: the steps.
        full_size: height and width of the full photo.
        train: whether steps of phase `train` are applied.
        key: the key of random draws: seed, epoch, photo.
    """
    matrix = np.eye(3)
    height, width = full_size
    for step in spec.steps:
        if step.phase == "train" and not train:
            continue
        if isinstance(step, CenterCrop):
            matrix = matrix @ _shift(_margin(width, step.width), _margin(height, step.height))
            height, width = step.height, step.width
        elif isinstance(step, Resize):
            matrix = matrix @ np.diag([width / step.width, height / step.height, 1.0])
            height, width = step.height, step.width
        elif isinstance(step, RandomStep):
            matrix = matrix @ _random(step, height, width, key)
    return matrix


def seen_area(spec: TransformSpec, full_size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The part of a photo (height, width) that a model sees in evaluation: left, top, width, height, as shares."""
    (height, width), matrix = spec.output_size, compose(spec, full_size, train=False)
    return (
        float(matrix[0, 2] / full_size[1]),
        float(matrix[1, 2] / full_size[0]),
        float(matrix[0, 0] * width / full_size[1]),
        float(matrix[1, 1] * height / full_size[0]),
    )


def finish(pixels: Pixels, spec: TransformSpec, *, train: bool, key: tuple[Key, ...] = ()) -> Pixels:
    """Apply the pixel steps to the warp's output (height, width, 3); normalisation comes later, on the device."""
    for step in spec.steps:
        if isinstance(step, PixelStep) and (train or step.phase == "always"):
            pixels = change_pixels(pixels, step, key)
    return pixels


def _margin(size: int, crop: int) -> int:
    """Where a centre crop begins: rounded as torchvision rounds when it crops, and when it pads."""
    return round((size - crop) / 2.0) if crop <= size else -((crop - size) // 2)


def _random(step: RandomStep, height: int, width: int, key: tuple[Key, ...]) -> Matrix:
    first, second = keyed_uniforms(*key, step.step)[:2]
    if isinstance(step, HorizontalFlip):
        inner = np.diag([-1.0 if first < step.probability else 1.0, 1.0, 1.0])
    elif isinstance(step, Rotation):
        angle = np.deg2rad((2 * first - 1) * step.degrees)
        # Counter-clockwise for a positive angle, y pointing down, as in torchvision.
        inner = np.array(
            [[np.cos(angle), -np.sin(angle), 0.0], [np.sin(angle), np.cos(angle), 0.0], [0.0, 0.0, 1.0]]
        )
    elif isinstance(step, Zoom):
        factor = (1 - step.amount) ** (2 * first - 1)
        inner = np.diag([factor, factor, 1.0])
    else:
        inner = _shift((2 * first - 1) * step.amount * width, (2 * second - 1) * step.amount * height)
    return _shift(width / 2, height / 2) @ inner @ _shift(-width / 2, -height / 2)


def _shift(x: float, y: float) -> Matrix:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


@lru_cache(maxsize=4096)
def resolution_needed(spec: TransformSpec, full_size: tuple[int, int]) -> float:
    """Output pixels per pixel of the full photo, along the most demanding axis and phase.

    Random steps do not count, so that a photo is always decoded at one scale and a cache of decoded photos
    serves every epoch, training and evaluation.
    """
    still = TransformSpec(steps=tuple(step for step in spec.steps if not isinstance(step, RandomStep)))
    needed = 0.0
    for train in (True, False):
        matrix = compose(still, full_size, train=train)
        spans = np.hypot(matrix[0, :2], matrix[1, :2])
        needed = max(needed, float(1 / spans.min()))
    return needed
