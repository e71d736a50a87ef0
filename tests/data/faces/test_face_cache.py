from pathlib import Path

import numpy as np
import pytest

from maskwise.data.cache_folder import cache_folder
from maskwise.data.faces import face_finder
from maskwise.data.faces.face_cache import open_face_points
from maskwise.data.faces.face_points import NO_FACE
from tests.data.faces.test_face_points import BrightSquares, Photo


def test_found_once_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_finder, "CenterFace", BrightSquares)
    photos = {"a": Photo(0), "b": Photo(1), "c": Photo(3)}
    names, loaded = ["a", "b", "c", "b"], []

    def load(row: int) -> Photo:
        loaded.append(names[row])
        return photos[names[row]]

    found = open_face_points(names[:2], load)
    assert found["a"] == NO_FACE
    assert found["b"].n_faces == 1
    again = open_face_points(names, load)
    assert sorted(loaded) == ["a", "b", "c"]
    assert list(again) == names[:3]
    np.testing.assert_array_equal(again["b"].points, found["b"].points)
    assert again["c"].n_faces == 3
    assert again["a"].points is None


def test_a_broken_cache_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_finder, "CenterFace", BrightSquares)
    open_face_points(["a"], lambda _: Photo(1))
    (file,) = Path(cache_folder() / "faces").glob("*.parquet")
    file.write_bytes(b"no table")
    assert open_face_points(["a"], lambda _: Photo(1))["a"].n_faces == 1


def test_cached_photos_need_no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_finder, "CenterFace", BrightSquares)
    open_face_points(["a"], lambda _: Photo(1))

    def missing() -> None:
        raise AssertionError("the detector was loaded")

    monkeypatch.setattr(face_finder, "CenterFace", missing)
    assert open_face_points(["a"], lambda _: Photo(1))["a"].n_faces == 1
