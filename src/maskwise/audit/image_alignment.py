"""Image alignment: whether two photos were made from one picture, though cropped, mirrored or compressed again."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import decode_for, read_photo

Floats = npt.NDArray[np.float32]

SIDE = 96
"""Pixels of the longer side at which photos are aligned."""

SAME_PICTURE = 0.8
"""Photos whose aligned detail correlates at least so much were made from one picture. Of 165 real photos that were
cropped to 50 to 80% a side, mirrored or compressed again the least was 0.86; of the 4,000 most similar pairs of
different persons' photos the most was 0.59, with a frame or a round cut-out drawn over them 0.63, with the lower half
covered by one pattern 0.77."""

_REDUCTION = 3  # of the small size at which the place is searched
_LEAST_MATCH = 0.85  # correlation at the small size; those 165 pairs had 0.91 and more
_SCALES = 0.95 ** np.arange(15)  # down to half of the other photo's size
_LEAST_OVERLAP = 0.7  # share of the smaller photo that must lie inside the larger one
_SMALLEST = 6  # pixels a side
_ECC_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-4)
_ECC_SMOOTHING = 5  # pixels, of the gradients that the alignment follows
_NORMALIZATION_SIGMA = 4.0  # pixels, of the neighbourhood in which contrast is normalized
_NOISE_LEVEL = 2.0  # grey values: weaker detail is mostly noise
_N_TILES = 4  # down and across
_FEWEST_TILES = 3  # with detail to compare
_LEAST_CONTRAST = 0.15  # of a tile's normalized detail, which is 1 where it is strong


@dataclass(frozen=True)
class AlignmentPyramid:
    """A photo's grey values at the scales at which it is searched for in another photo."""

    grey: Floats  # (h, w)
    small: Floats
    templates: tuple[Floats | None, ...]  # the small one at each scale; None where it is too small or uniform

    @classmethod
    def of(cls, grey: Floats) -> "AlignmentPyramid":
        """The pyramid of grey values (h, w), 0 to 255."""
        small = _resize(grey, 1 / _REDUCTION)
        scaled = (_resize(small, scale) for scale in _SCALES)
        usable = (image if min(image.shape) >= _SMALLEST and image.std() >= 1 else None for image in scaled)
        return cls(grey, small, tuple(usable))

    def mirrored(self) -> "AlignmentPyramid":
        """The same with left and right exchanged."""
        templates = (None if image is None else _mirror(image) for image in self.templates)
        return AlignmentPyramid(_mirror(self.grey), _mirror(self.small), tuple(templates))


@dataclass(frozen=True)
class _Placement:
    """Where a photo lies in another one, at the small size."""

    correlation: float
    scale_x: float
    scale_y: float
    left: int
    top: int


_NOT_FOUND = _Placement(-1.0, 1.0, 1.0, 0, 0)


def read_grey(path: Path) -> Floats:
    """A photo's grey values (h, w), 0 to 255, the longer side SIDE pixels.

    Raises:
        PhotoError: when it can't be used.
    """
    pixels = decode_for(read_photo(path), lambda size: SIDE / max(size)).pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return _resize(grey.astype(np.float32), SIDE / max(grey.shape))


def detail_correlation(first: AlignmentPyramid, second: AlignmentPyramid) -> float:
    """The correlation, -1 to 1, of two aligned photos' fine detail, as three quarters of their overlap reach it.

    One may be a crop of the other, and mirrored. The place is found by normalized cross-correlation at a small size,
    then refined to fractions of a pixel by ECC (G. Evangelidis and E. Psarakis, "Parametric image alignment using
    enhanced correlation coefficient maximization", 2008). Detail is the band between blurs of one and of four pixels,
    with its contrast normalized locally: faces with the same light and pose agree in coarser bands, and those with the
    same frame in some tiles only. 0 where the photos can't be aligned.
    """
    best, whole, crop = _NOT_FOUND, first, second
    for candidate in (second, second.mirrored()):
        for outer, inner in ((first, candidate), (candidate, first)):
            found = _search(outer.small, inner)
            if found.correlation > best.correlation:
                best, whole, crop = found, outer, inner
    if best.correlation < _LEAST_MATCH:
        return 0.0
    return _aligned_correlation(whole.grey, crop.grey, best)


def _search(whole: Floats, crop: AlignmentPyramid) -> _Placement:
    """Where a photo lies in a small one: at every other scale, then at the scales beside the best."""
    found = {step: _match(whole, crop, step) for step in range(0, len(_SCALES), 2)}
    best = max(found, key=lambda step: found[step].correlation)
    beside = (_match(whole, crop, step) for step in (best - 1, best + 1) if 0 <= step < len(_SCALES))
    return max(found[best], *beside, key=lambda placement: placement.correlation)


def _match(whole: Floats, crop: AlignmentPyramid, step: int) -> _Placement:
    template = crop.templates[step]
    if template is None or template.shape[0] > whole.shape[0] or template.shape[1] > whole.shape[1]:
        return _NOT_FOUND
    heat = cv2.matchTemplate(whole, template, cv2.TM_CCOEFF_NORMED)
    _, correlation, _, (left, top) = cv2.minMaxLoc(heat)
    scale_x, scale_y = template.shape[1] / crop.small.shape[1], template.shape[0] / crop.small.shape[0]
    return _Placement(float(correlation), scale_x, scale_y, int(left), int(top))


def _mirror(grey: Floats) -> Floats:
    return np.ascontiguousarray(grey[:, ::-1])


def _aligned_correlation(whole: Floats, crop: Floats, placement: _Placement) -> float:
    """Refine the placement and correlate the detail; 0 where the photos can't be aligned."""
    warp = np.array(
        [
            [placement.scale_x, 0, placement.left * _REDUCTION],
            [0, placement.scale_y, placement.top * _REDUCTION],
        ],
        dtype=np.float32,
    )
    mask = np.ones(whole.shape, dtype=np.uint8)
    try:
        _, refined = cv2.findTransformECC(
            crop, whole, warp, cv2.MOTION_AFFINE, _ECC_CRITERIA, mask, _ECC_SMOOTHING
        )
    except cv2.error:  # the alignment does not converge
        return 0.0
    size = (crop.shape[1], crop.shape[0])
    seen = cv2.warpAffine(whole, refined, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    warped = np.asarray(seen, dtype=np.float32)
    ones = np.ones_like(whole)
    inside = cv2.warpAffine(ones, refined, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
    if inside.mean() < _LEAST_OVERLAP:
        return 0.0
    return _lower_quartile_correlation(_detail(warped, inside), _detail(crop, inside), inside)


def _lower_quartile_correlation(first: Floats, second: Floats, inside: npt.NDArray[np.bool_]) -> float:
    """The correlation of detail (h, w) that three quarters of the tiles reach; 0 with too few tiles to compare."""
    correlations = []
    rows, columns = (np.array_split(np.arange(size), _N_TILES) for size in inside.shape)
    for row in rows:
        for column in columns:
            tile = np.ix_(row, column)
            compared = inside[tile]
            a, b = first[tile][compared], second[tile][compared]
            strength = float(np.linalg.norm(a) * np.linalg.norm(b))
            if compared.mean() >= 0.5 and strength > _LEAST_CONTRAST * a.size:
                correlations.append(float(a @ b) / strength)
    return float(np.quantile(correlations, 0.25)) if len(correlations) >= _FEWEST_TILES else 0.0


def _detail(grey: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """Fine detail (h, w) with its contrast normalized locally, so that the edge of a frame does not dominate."""
    fine, coarse = cv2.GaussianBlur(grey, (0, 0), 0.8), cv2.GaussianBlur(grey, (0, 0), 4.0)
    band = np.where(inside, fine - coarse, 0)
    variance = cv2.GaussianBlur(band * band, (0, 0), _NORMALIZATION_SIGMA)
    return np.asarray(band / np.sqrt(variance + _NOISE_LEVEL**2), dtype=np.float32)


def _resize(grey: Floats, scale: float) -> Floats:
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
