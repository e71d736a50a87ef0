"""Whether two photos are made from one picture, though one is cut out of it, mirrored or stored anew."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import decode_for, read_photo

Floats = npt.NDArray[np.float32]

SIDE = 96
"""Pixels of the longer side at which photos are laid over each other."""

SAME_PICTURE = 0.8
"""Detail that agrees so much is one picture's. Of 165 real photos that were cut to 50 to 80% a side, mirrored or stored
anew the least was 0.86; of 4,000 pairs of different persons' photos that look most alike the most was 0.59, with a
frame or a round cut-out drawn over them 0.63, with the lower half covered by one pattern 0.77."""

_COARSE = 3  # so many times smaller to begin with
_FAIR = 0.85  # at the small size those 165 pairs had 0.91 and more
_SCALES = 0.95 ** np.arange(15)  # down to half of the other photo's size
_INSIDE = 0.7  # so much of the smaller photo must lie in the larger
_SMALLEST = 6  # pixels a side
_STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-4)
_AROUND = 4.0  # pixels, within which detail is made as strong as elsewhere
_FAINT = 2.0  # grey values: detail that is weaker is mostly noise
_PARTS = 4  # down and across, of which each is compared
_FEWEST_PARTS = 3  # with detail to compare
_FLAT = 0.15  # of a part's detail, of 1 where it is strong
_SMOOTHING = 5  # pixels, of the gradients that the alignment follows


@dataclass(frozen=True)
class Sketch:
    """A photo's grey values, and what it takes to find it in another one and another one in it."""

    grey: Floats  # (h, w)
    small: Floats
    parts: tuple[Floats | None, ...]  # the small one at each scale; None where nothing is to be seen

    @classmethod
    def of(cls, grey: Floats) -> "Sketch":
        """The sketch of grey values (h, w)."""
        small = _resize(grey, 1 / _COARSE)
        parts = (_resize(small, scale) for scale in _SCALES)
        seen = (part if min(part.shape) >= _SMALLEST and part.std() >= 1 else None for part in parts)
        return cls(grey, small, tuple(seen))

    def mirrored(self) -> "Sketch":
        """The same, left and right exchanged."""
        parts = (None if part is None else _turned(part) for part in self.parts)
        return Sketch(_turned(self.grey), _turned(self.small), tuple(parts))


@dataclass(frozen=True)
class _Place:
    """Where a photo lies in another one, at the small size."""

    correlation: float
    across: float  # its pixels in pixels of the other
    down: float
    left: int
    top: int


_NOWHERE = _Place(-1.0, 1.0, 1.0, 0, 0)


def read_grey(path: Path) -> Floats:
    """A photo's grey values (h, w), 0 to 255, the longer side SIDE pixels.

    Raises:
        PhotoError: when it can't be used.
    """
    pixels = decode_for(read_photo(path), lambda size: SIDE / max(size)).pixels
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return _resize(grey.astype(np.float32), SIDE / max(grey.shape))


def agreement(first: Sketch, second: Sketch) -> float:
    """The correlation, -1 to 1, of two photos' fine detail in three quarters of what both show, laid over each other.

    One may be a part of the other and mirrored. The place is found by normalized correlation at a small size, then to
    parts of a pixel by ECC (G. Evangelidis and E. Psarakis, "Parametric image alignment using enhanced correlation
    coefficient maximization", 2008). Detail is what lies between a blur of one pixel and one of four, made equally
    strong everywhere: faces that are lit and posed alike agree in the rest, those framed alike in some parts only.
    """
    best, whole, part = _NOWHERE, first, second
    for turned in (second, second.mirrored()):
        for outer, inner in ((first, turned), (turned, first)):
            found = _place(outer.small, inner)
            if found.correlation > best.correlation:
                best, whole, part = found, outer, inner
    if best.correlation < _FAIR:
        return 0.0
    return _detail(whole.grey, part.grey, best)


def _place(whole: Floats, part: Sketch) -> _Place:
    """Where a photo lies in a small one: at every other scale, then at those beside the best."""
    found = {step: _found(whole, part, step) for step in range(0, len(_SCALES), 2)}
    best = max(found, key=lambda step: found[step].correlation)
    beside = (_found(whole, part, step) for step in (best - 1, best + 1) if 0 <= step < len(_SCALES))
    return max(found[best], *beside, key=lambda place: place.correlation)


def _found(whole: Floats, part: Sketch, step: int) -> _Place:
    small = part.parts[step]
    if small is None or small.shape[0] > whole.shape[0] or small.shape[1] > whole.shape[1]:
        return _NOWHERE
    heat = cv2.matchTemplate(whole, small, cv2.TM_CCOEFF_NORMED)
    _, correlation, _, (left, top) = cv2.minMaxLoc(heat)
    across, down = small.shape[1] / part.small.shape[1], small.shape[0] / part.small.shape[0]
    return _Place(float(correlation), across, down, int(left), int(top))


def _turned(grey: Floats) -> Floats:
    return np.ascontiguousarray(grey[:, ::-1])


def _detail(whole: Floats, part: Floats, place: _Place) -> float:
    """The correlation of the detail of a photo and of the place of another in which it lies; 0 where none is found."""
    warp = np.array(
        [[place.across, 0, place.left * _COARSE], [0, place.down, place.top * _COARSE]], dtype=np.float32
    )
    everywhere = np.ones(whole.shape, dtype=np.uint8)
    try:
        _, found = cv2.findTransformECC(part, whole, warp, cv2.MOTION_AFFINE, _STOP, everywhere, _SMOOTHING)
    except cv2.error:  # they can't be laid over each other
        return 0.0
    size = (part.shape[1], part.shape[0])
    seen = cv2.warpAffine(whole, found, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    inside = (
        cv2.warpAffine(np.ones_like(whole), found, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
    )
    if inside.mean() < _INSIDE:
        return 0.0
    return _agreement_in_parts(_band(seen, inside), _band(part, inside), inside)


def _agreement_in_parts(first: Floats, second: Floats, inside: npt.NDArray[np.bool_]) -> float:
    """The correlation of detail (h, w) that three quarters of the parts of a photo reach; 0 where it has too few."""
    told = []
    rows, columns = (np.array_split(np.arange(size), _PARTS) for size in inside.shape)
    for row in rows:
        for column in columns:
            place = np.ix_(row, column)
            seen = inside[place]
            a, b = first[place][seen], second[place][seen]
            strength = float(np.linalg.norm(a) * np.linalg.norm(b))
            if seen.mean() >= 0.5 and strength > _FLAT * a.size:
                told.append(float(a @ b) / strength)
    return float(np.quantile(told, 0.25)) if len(told) >= _FEWEST_PARTS else 0.0


def _band(grey: npt.NDArray[Any], inside: npt.NDArray[np.bool_]) -> Floats:
    """The detail (h, w), as strong everywhere: a frame or a cut-out's edge has no more to say than a cheek."""
    fine, coarse = cv2.GaussianBlur(grey, (0, 0), 0.8), cv2.GaussianBlur(grey, (0, 0), 4.0)
    band = np.where(inside, fine - coarse, 0)
    strength = cv2.GaussianBlur(band * band, (0, 0), _AROUND)
    return np.asarray(band / np.sqrt(strength + _FAINT**2), dtype=np.float32)


def _resize(grey: Floats, scale: float) -> Floats:
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
