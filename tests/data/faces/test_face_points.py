import numpy as np

from maskwise.data.decoding import Decoded
from maskwise.data.faces.centerface import Face
from maskwise.data.faces.face_points import NO_FACE, FacePoints, find_face


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


class Photo:
    """Stands for an encoded photo."""

    full_size = (8, 8)

    def __init__(self, n_faces: int, *, large: bool = True) -> None:
        self.data = f"{n_faces}".encode()
        self.pixels = np.full((8, 8, 3), (n_faces, large, 0), np.uint8)

    def decode(self, needed: float) -> Decoded:
        return Decoded(self.pixels, self.full_size)


def test_the_largest_of_several_faces_counts() -> None:
    found = find_face(BrightSquares(), Photo(3))  # type: ignore[arg-type]
    assert found.n_faces == 3
    np.testing.assert_array_equal(found.points, face(30.0).points)


def test_a_small_face_is_found_in_a_larger_picture() -> None:
    detector = BrightSquares()
    assert find_face(detector, Photo(1, large=False)).n_faces == 1  # type: ignore[arg-type]
    assert detector.seen == [224, 448]


def test_what_predictions_say() -> None:
    assert FacePoints(1, np.zeros((5, 2))).note is None
    assert FacePoints(3, np.zeros((5, 2))).note == "3 faces found: the largest is taken"
    assert NO_FACE.note == "no face found: the photo is taken as it is"
