import numpy as np
import pytest

from maskwise.data.faces import face_finder
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.faces.face_points import FacePoints
from maskwise.data.scan import content_digest
from tests.data.faces.test_face_points import BrightSquares, Photo


def test_a_known_face_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_finder, "CenterFace", BrightSquares)
    known = FacePoints(7, np.zeros((5, 2)))
    finder = FaceFinder({content_digest(Photo(1).data): known})
    assert finder.find(Photo(1)) is known  # type: ignore[arg-type]
    assert finder.find(Photo(2)).n_faces == 2  # type: ignore[arg-type]


def test_a_detector_serves_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_finder, "CenterFace", BrightSquares)
    finder = FaceFinder()
    with finder._detector() as first, finder._detector() as second:
        assert first is not second
    with finder._detector() as again:
        assert again in (first, second)
