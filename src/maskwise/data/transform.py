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
from maskwise.data.faces.alignment import FaceTemplate, Points, align
from maskwise.randomness import Key, keyed_uniforms
from maskwise.strict_model import StrictModel

Phase = Literal["train", "always"]
Matrix = npt.NDArray[np.float64]
Rgb = tuple[float, float, float]
Mean = Annotated[float, Field(ge=-10, le=10)]
Deviation = Annotated[float, Field(ge=1e-3, le=1e3)]


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
    height: int = Field(gt=0, le=16_384)
    width: int = Field(gt=0, le=16_384)


class FaceCrop(_Step):
    """Cut out the square in which the largest face lies as the template says, whatever was cut out before.

    A photo without a face stays as the steps before leave it.
    """

    step: Literal["face_crop"] = "face_crop"
    when: Literal["always", "auto"] = (
        "always"  # auto: on tasks whose photos show faces; a run writes out which
    )
    detector: Literal["centerface"] = "centerface"
    template: FaceTemplate = FaceTemplate()
    phase: Literal["always"] = "always"


class Resize(_Step):
    """Stretch to a size in pixels.

    `null` means the size that the backbone's weights were trained with; a run writes out which it was.
    """

    step: Literal["resize"] = "resize"
    height: int | None = Field(default=None, gt=0, le=4096)
    width: int | None = Field(default=None, gt=0, le=4096)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width.

        Raises:
            ValueError: when they were not resolved.
        """
        if self.height is None or self.width is None:
            raise ValueError("Expected a transform with its height and width written out, got null.")
        return self.height, self.width


class Normalize(_Step):
    """Subtract a mean and divide by a standard deviation, for pixels in [0, 1].

    `null` means those of the backbone; a run's recipe has the values.
    """

    step: Literal["normalize"] = "normalize"
    mean: tuple[Mean, Mean, Mean] | None = None
    std: tuple[Deviation, Deviation, Deviation] | None = None
    phase: Literal["always"] = "always"


RandomStep = Rotation | HorizontalFlip | Zoom | Shift
Step = Annotated[
    RandomStep | CenterCrop | FaceCrop | Resize | PixelStep | Normalize, Field(discriminator="step")
]


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
        if "face_crop" in names:
            before = self.steps[: names.index("face_crop")]
            if any(not isinstance(step, CenterCrop) for step in before):
                raise ValueError("expected nothing but a center_crop in front of face_crop")
        return self

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the model's input."""
        return next(step for step in reversed(self.steps) if isinstance(step, Resize)).size

    @property
    def face_crop(self) -> FaceCrop | None:
        """The step that cuts out the face; None where there is none."""
        return next((step for step in self.steps if isinstance(step, FaceCrop)), None)

    @property
    def normalization(self) -> Normalize:
        """The last step."""
        last = self.steps[-1]
        assert isinstance(last, Normalize)  # guaranteed by _check
        return last


def resolve(
    spec: TransformSpec, size: tuple[int, int], mean: Rgb, std: Rgb, *, faces: bool = False
) -> TransformSpec:
    """The same steps with everything open written out.

    Args:
        spec: the steps.
        size: height and width that a null in a resize stands for: the backbone's own.
        mean: what a null in the normalize step stands for.
        std: the same.
        faces: whether the photos show faces: otherwise a face_crop that is `auto` is left out.
    """
    steps = list[Step]()
    for step in spec.steps:
        if isinstance(step, Resize):
            height, width = step.height or size[0], step.width or size[1]
            steps.append(step.model_copy(update={"height": height, "width": width}))
        elif isinstance(step, FaceCrop) and step.when == "auto":
            if faces:
                steps.append(step.model_copy(update={"when": "always"}))
        elif isinstance(step, Normalize):
            steps.append(Normalize(mean=step.mean or mean, std=step.std or std))
        else:
            steps.append(step)
    return TransformSpec(steps=tuple(steps))


def compose(
    spec: TransformSpec,
    full_size: tuple[int, int],
    *,
    train: bool,
    points: Points | None = None,
    key: tuple[Key, ...] = (),
) -> Matrix:
    """The affine map (3, 3) from output to photo coordinates; pixel centres are at half-integers.

    Args:
        spec: the steps.
        full_size: height and width of the full photo.
        train: whether steps of phase `train` are applied.
        points: the face's landmarks (5, 2) in pixels of the photo, for a face_crop; None without a face.
        key: the key of random draws: seed, epoch, photo.
    """
    matrix = np.eye(3)
    height, width = float(full_size[0]), float(full_size[1])
    for step in spec.steps:
        if step.phase == "train" and not train:
            continue
        if isinstance(step, CenterCrop):
            matrix = matrix @ _shift(_margin(width, step.width), _margin(height, step.height))
            height, width = step.height, step.width
        elif isinstance(step, FaceCrop):
            aligned = None if points is None else align(points, step.template)
            if aligned is not None:
                matrix, height, width = aligned, 1.0, 1.0  # the template's square is the canvas
        elif isinstance(step, Resize):
            new_height, new_width = step.size
            matrix = matrix @ np.diag([width / new_width, height / new_height, 1.0])
            height, width = new_height, new_width
        elif isinstance(step, RandomStep):
            matrix = matrix @ _random(step, height, width, key)
    return matrix


def seen_area(
    spec: TransformSpec, full_size: tuple[int, int], points: Points | None = None
) -> tuple[float, float, float, float]:
    """What of a photo (height, width) a model sees outside of training: left, top, width, height, as shares of it.

    Around a face that is turned, an upright square with the same centre and size.
    """
    (height, width), matrix = spec.output_size, compose(spec, full_size, train=False, points=points)
    centre_x, centre_y = matrix[:2] @ (width / 2, height / 2, 1.0)
    seen_width = float(np.hypot(matrix[0, 0], matrix[1, 0])) * width
    seen_height = float(np.hypot(matrix[0, 1], matrix[1, 1])) * height
    return (
        float(centre_x - seen_width / 2) / full_size[1],
        float(centre_y - seen_height / 2) / full_size[0],
        seen_width / full_size[1],
        seen_height / full_size[0],
    )


def finish(pixels: Pixels, spec: TransformSpec, *, train: bool, key: tuple[Key, ...] = ()) -> Pixels:
    """Apply the pixel steps to the warp's output (height, width, 3); normalisation comes later, on the device."""
    for step in spec.steps:
        if isinstance(step, PixelStep) and (train or step.phase == "always"):
            pixels = change_pixels(pixels, step, key)
    return pixels


def _margin(size: float, crop: int) -> int:
    """Where a centre crop begins: rounded as torchvision rounds when it crops, and when it pads."""
    return round((size - crop) / 2.0) if crop <= size else -int((crop - size) // 2)


def _random(step: RandomStep, height: float, width: float, key: tuple[Key, ...]) -> Matrix:
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


def resolution_needed(spec: TransformSpec, full_size: tuple[int, int], points: Points | None = None) -> float:
    """Output pixels per pixel of the full photo, along the most demanding axis and phase.

    Random steps do not count, so that a photo is always decoded at one scale and a cache of decoded photos
    serves every epoch, training and evaluation.
    """
    if points is None:
        return _resolution_of_size(spec, full_size)
    return _resolution(spec, full_size, points)


@lru_cache(maxsize=4096)
def _resolution_of_size(spec: TransformSpec, full_size: tuple[int, int]) -> float:
    return _resolution(spec, full_size, None)


def _resolution(spec: TransformSpec, full_size: tuple[int, int], points: Points | None) -> float:
    still = _without_random_steps(spec)
    needed = 0.0
    for train in (True, False):
        matrix = compose(still, full_size, train=train, points=points)
        spans = np.hypot(matrix[0, :2], matrix[1, :2])
        needed = max(needed, float(1 / spans.min()))
    return needed


@lru_cache(maxsize=64)
def _without_random_steps(spec: TransformSpec) -> TransformSpec:
    return TransformSpec(steps=tuple(step for step in spec.steps if not isinstance(step, RandomStep)))
