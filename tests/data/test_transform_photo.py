from pathlib import Path

import numpy as np
import pytest

from maskwise.data.decoding import read_photo
from maskwise.data.faces import face_finder
from maskwise.data.faces.centerface import Face
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.photo_source import PhotoSource
from maskwise.data.scan import content_digest
from maskwise.data.transform import TransformSpec
from maskwise.data.transform_photo import transform_content, transform_photo
from tests.pictures import picture, write_jpeg

STEPS = [
    {"step": "resize", "height": 32, "width": 32},
    {"step": "normalize", "mean": [0.5] * 3, "std": [1.0] * 3},
]
PLAIN = TransformSpec.model_validate({"steps": STEPS})
FACES = TransformSpec.model_validate({"steps": [{"step": "face_crop"}, *STEPS]})
POINTS = np.array([[30.0, 40.0], [60.0, 40.0], [45.0, 55.0], [33.0, 70.0], [57.0, 70.0]])


class OneFace:
    """Stands for the detector: the same face in every photo, and how often it was looked for."""

    looks = 0

    def detect(self, pixels: np.ndarray, full_size: tuple[int, int], **settings: float) -> list[Face]:
        OneFace.looks += 1
        return [Face((20, 30, 70, 80), POINTS, 0.9)] if pixels[..., 0].mean() > 60 else []


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> FaceFinder:
    monkeypatch.setattr(face_finder, "CenterFace", OneFace)
    OneFace.looks = 0
    return FaceFinder()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_jpeg(tmp_path / "a.jpg", picture(3), 95)
    return tmp_path / "a.jpg"


def test_training_and_prediction_see_the_same_face(photo: Path, finder: FaceFinder) -> None:
    digest = content_digest(read_photo(photo))
    transformed = transform_content(read_photo(photo), [FACES], finder)
    assert transformed.note is None
    source = PhotoSource(["a"], [photo], FACES, 0, None, [digest], {digest: transformed.face})
    assert (source.load(0, None) == transformed.images[0]).all()
    assert (transform_photo(photo, PLAIN) != transformed.images[0]).any()


def test_a_face_is_looked_for_once_for_all_transforms(photo: Path, finder: FaceFinder) -> None:
    transformed = transform_content(read_photo(photo), [FACES, PLAIN, FACES], finder)
    assert OneFace.looks == 1
    assert (transformed.images[0] == transformed.images[2]).all()
    assert (transformed.images[1] == transform_photo(photo, PLAIN)).all()


def test_a_photo_without_a_face_is_taken_as_it_is(tmp_path: Path, finder: FaceFinder) -> None:
    write_jpeg(tmp_path / "dark.jpg", np.full((96, 96, 3), 20, np.uint8), 95)
    transformed = transform_content(read_photo(tmp_path / "dark.jpg"), [FACES], finder)
    assert transformed.note == "no face found: the photo is taken as it is"
    assert (transformed.images[0] == transform_photo(tmp_path / "dark.jpg", PLAIN)).all()


def test_no_face_is_looked_for_where_no_transform_needs_one(photo: Path, finder: FaceFinder) -> None:
    assert transform_content(read_photo(photo), [PLAIN], finder).note is None
    assert OneFace.looks == 0
