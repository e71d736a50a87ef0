"""Steps of a transform that change pixels, not geometry: applied after the warp, at the model's input size.

Random draws are keyed by (seed, epoch, photo, step), as those of the geometry are.
"""

import math
from typing import Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg
from pydantic import Field, model_validator

from maskwise.data.decoding import Pixels
from maskwise.randomness import Key, keyed_generator, keyed_uniforms
from maskwise.strict_model import StrictModel

Probability = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Quality = Annotated[int, Field(ge=1, le=100)]
UpTo1 = Annotated[float, Field(gt=0, le=1)]


class _PixelStep(StrictModel):
    phase: Literal["train", "always"] = "train"

    @model_validator(mode="after")
    def _check(self) -> "_PixelStep":
        for name, value in self:
            if isinstance(value, tuple) and not 0 < value[0] <= value[1]:
                raise ValueError(f"expected {name} to be two rising numbers above 0, got {list(value)}")
        certain = isinstance(self, Grayscale) and self.probability == 1
        if self.phase == "always" and not certain:
            raise ValueError("expected phase train for random steps, got always")
        return self


class Color(_PixelStep):
    """Scale brightness, contrast and saturation by factors in [1 - amount, 1 + amount]."""

    step: Literal["color"] = "color"
    brightness: Share = 0.2
    contrast: Share = 0.2
    saturation: Share = 0.2


class Grayscale(_PixelStep):
    """Convert to grey with a probability; with phase `always` and 1, every photo (which lowered the score in 2021)."""

    step: Literal["grayscale"] = "grayscale"
    probability: Probability = 0.1


class Blur(_PixelStep):
    """Blur by a Gaussian with a standard deviation drawn from a range, in output pixels."""

    step: Literal["blur"] = "blur"
    probability: Probability = 0.3
    sigma: tuple[float, float] = (0.3, 1.5)


class SoftenEdges(_PixelStep):
    """Blur along the strongest edges only, which give away objects that were drawn into photos."""

    step: Literal["soften_edges"] = "soften_edges"
    probability: Probability = 0.3
    sigma: tuple[float, float] = (0.7, 2.0)
    share: Annotated[float, Field(gt=0, lt=1)] = 0.1  # of all pixels, counted as edges


class Resample(_PixelStep):
    """Shrink to a share of the size and enlarge again, as a small or distant subject looks."""

    step: Literal["resample"] = "resample"
    probability: Probability = 0.3
    share: tuple[UpTo1, UpTo1] = (0.3, 0.9)


class Jpeg(_PixelStep):
    """Compress as a JPEG of a quality drawn from a range, and decompress again."""

    step: Literal["jpeg"] = "jpeg"
    probability: Probability = 0.3
    quality: tuple[Quality, Quality] = (25, 90)  # of 100


class Noise(_PixelStep):
    """Add Gaussian noise with a standard deviation drawn from a range, in grey levels."""

    step: Literal["noise"] = "noise"
    probability: Probability = 0.3
    sigma: tuple[float, float] = (2.0, 12.0)


class Erase(_PixelStep):
    """Fill a rectangle with one colour (Z. Zhong et al., "Random Erasing Data Augmentation", 2020)."""

    step: Literal["erase"] = "erase"
    probability: Probability = 0.25
    area: tuple[float, float] = (0.02, 0.2)  # shares of the photo's area


PixelStep = Color | Grayscale | Blur | SoftenEdges | Resample | Jpeg | Noise | Erase


def change_pixels(pixels: Pixels, step: PixelStep, key: tuple[Key, ...]) -> Pixels:
    """Apply one step to pixels (height, width, 3), RGB; the input is not modified.

    Args:
        pixels: the output of the warp.
        step: the step.
        key: the key of random draws: seed, epoch, photo.
    """
    draws = keyed_uniforms(*key, step.step)
    if isinstance(step, Color):
        return _color(pixels, step, draws)
    if draws[0] >= step.probability:
        return pixels
    if isinstance(step, Grayscale):
        return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    if isinstance(step, Blur):
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), _within(step.sigma, draws[1])), dtype=np.uint8)
    if isinstance(step, SoftenEdges):
        return _soften_edges(pixels, _within(step.sigma, draws[1]), step.share)
    if isinstance(step, Resample):
        return _resample(pixels, _within(step.share, draws[1]))
    if isinstance(step, Jpeg):
        return _compress(pixels, round(_within(step.quality, draws[1])))
    if isinstance(step, Noise):
        noise = keyed_generator(*key, "noise values").standard_normal(pixels.shape, dtype=np.float32)
        return _rounded(pixels + np.float32(_within(step.sigma, draws[1])) * noise)
    return _erase(pixels, step, draws)


def _within(span: tuple[float, float], draw: float) -> float:
    return float(span[0] + (span[1] - span[0]) * draw)


def _compress(pixels: Pixels, quality: int) -> Pixels:
    encoded = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=quality)
    return np.asarray(simplejpeg.decode_jpeg(encoded), dtype=np.uint8)


def _rounded(values: npt.NDArray[np.float32]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _color(pixels: Pixels, step: Color, draws: npt.NDArray[np.float64]) -> Pixels:
    brightness, contrast, saturation = (
        1 + amount * (2 * draw - 1)
        for amount, draw in zip((step.brightness, step.contrast, step.saturation), draws[:3], strict=True)
    )
    # All three are linear in a pixel's colour and grey: one matrix, one pass.
    grey = np.array([0.299, 0.587, 0.114])
    mean = float(cv2.mean(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))[0])
    matrix = brightness * contrast * (saturation * np.eye(3) + (1 - saturation) * grey[None, :])
    offset = np.full((3, 1), brightness * (1 - contrast) * mean)
    return np.asarray(cv2.transform(pixels, np.hstack([matrix, offset])), dtype=np.uint8)


def _soften_edges(pixels: Pixels, sigma: float, share: float) -> Pixels:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    strength = cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    edges = ((strength >= np.quantile(strength, 1 - share)) & (strength > 0)).astype(np.float32)
    # Full strength where the blur still moves the edge, then fading out, so that no new edge arises.
    reach = 2 * math.ceil(1.5 * sigma) + 1
    near = cv2.dilate(edges, np.ones((reach, reach), np.uint8))
    near = cv2.GaussianBlur(near, (0, 0), sigma / 2)[:, :, None]
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma)
    sharp = pixels.astype(np.float32)
    return _rounded(sharp + near * (blurred - sharp))


def _resample(pixels: Pixels, share: float) -> Pixels:
    height, width = pixels.shape[:2]
    small = (max(1, round(width * share)), max(1, round(height * share)))
    shrunk = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _erase(pixels: Pixels, step: Erase, draws: npt.NDArray[np.float64]) -> Pixels:
    height, width = pixels.shape[:2]
    area = _within(step.area, draws[1])
    aspect = np.exp(np.log(3.0) * (2 * draws[2] - 1))
    rows = min(height, max(1, round(height * np.sqrt(area * aspect))))
    columns = min(width, max(1, round(width * np.sqrt(area / aspect))))
    top, left = int(draws[3] * (height - rows + 1)), int(draws[4] * (width - columns + 1))
    erased = pixels.copy()
    erased[top : top + rows, left : left + columns] = (draws[5:8] * 256).astype(np.uint8)
    return erased
