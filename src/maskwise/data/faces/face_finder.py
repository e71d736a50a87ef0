"""Faces for many threads: looked up where they are known, otherwise detected."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from maskwise.data.decoding import EncodedPhoto
from maskwise.data.faces.centerface import CenterFace
from maskwise.data.faces.face_points import FacePoints, find_face
from maskwise.data.scan import content_digest


class FaceFinder:
    """Finds the largest face of photos; keeps as many detectors as threads use at one time, and no photo.

    Args:
        known: faces found before, by the digest of a photo's content.

    Raises:
        InputError: when the detector's package is missing, or its file is missing, truncated or altered.
    """

    def __init__(self, known: Mapping[str, FacePoints] | None = None) -> None:
        self._known = dict(known or {})
        self._idle = [CenterFace()]
        self._lock = threading.Lock()

    def find(self, photo: EncodedPhoto) -> FacePoints:
        """The largest face of a photo.

        Raises:
            PhotoError: when the photo is truncated or broken.
        """
        if self._known and (known := self._known.get(content_digest(photo.data))) is not None:
            return known
        with self._detector() as detector:
            return find_face(detector, photo)

    @contextmanager
    def _detector(self) -> Iterator[CenterFace]:
        with self._lock:
            detector = self._idle.pop() if self._idle else None
        detector = detector or CenterFace()
        try:
            yield detector
        finally:
            with self._lock:
                self._idle.append(detector)
