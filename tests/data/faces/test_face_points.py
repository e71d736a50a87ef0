from pathlib import Path

import numpy as np
import pytest

from maskwise.data.cache_folder import cache_folder
from maskwise.data.decoding import Decoded
from maskwise.data.faces import face_points
from maskwise.data.faces.centerface import Face
from maskwise.data.faces.face_points import NO_FACE, find_face, open_face_points


class BrightSquares:
    """Stands for the detector: finds a face wherever a photo is bright, and small ones only at double size."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def detect(
        self, pixels: np.ndarray, full_size: tuple[int, int], *, side: int, threshold: float
    ) -> list[Face]:
        self.seen.append(side)
        faces = [face(10.0), face(30.0), face(20.0)]
        return faces[: int(pixels[0, 0, 0])] if side > 300 or pixels[0, 0, 1] else []


def face(size: float) -> Face:
    return Face((0, 0, size, size), np.arange(10.0).reshape(5, 2) * size, 0.9)


def photo(n_faces: int, *, large: bool = True) -> Decoded:
    return Decoded(np.full((8, 8, 3), (n_faces, large, 0), np.uint8), (8, 8))


def test_the_largest_of_several_faces_counts() -> None:
    found = find_face(BrightSquares(), photo(3))  # type: ignore[arg-type]
    assert found.n_faces == 3
    np.testing.assert_array_equal(found.points, face(30.0).points)


def test_a_small_face_is_found_in_a_larger_picture() -> None:
    detector = BrightSquares()
    assert find_face(detector, photo(1, large=False)).n_faces == 1  # type: ignore[arg-type]
    assert detector.seen == [224, 448]


def test_found_once_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_points, "CenterFace", BrightSquares)
    photos = {"a": photo(0), "b": photo(1), "c": photo(3)}
    names, loaded = ["a", "b", "c", "b"], []

    def load(row: int) -> Decoded:
        loaded.append(names[row])
        return photos[names[row]]

    found = open_face_points(names[:2], load)
    assert found["a"] == NO_FACE
    assert found["b"].n_faces == 1
    again = open_face_points(names, load)
    assert loaded == ["a", "b", "c"]
    assert list(again) == names[:3]
    np.testing.assert_array_equal(again["b"].points, found["b"].points)
    assert again["c"].n_faces == 3
    assert again["a"].points is None


def test_a_broken_cache_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_points, "CenterFace", BrightSquares)
    open_face_points(["a"], lambda _: photo(1))
    (file,) = Path(cache_folder() / "faces").glob("*.parquet")
    file.write_bytes(b"no table")
    assert open_face_points(["a"], lambda _: photo(1))["a"].n_faces == 1


def test_cached_photos_need_no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_points, "CenterFace", BrightSquares)
    open_face_points(["a"], lambda _: photo(1))

    def missing() -> None:
        raise AssertionError("the detector was loaded")

    monkeypatch.setattr(face_points, "CenterFace", missing)
    assert open_face_points(["a"], lambda _: photo(1))["a"].n_faces == 1
