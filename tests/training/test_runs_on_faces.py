"""A run whose transform cuts out the face: the same in training, prediction, export, evaluation and serving."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest
import simplejpeg
from fastapi.testclient import TestClient

from maskwise.data.faces import face_finder
from maskwise.data.faces.centerface import Face
from maskwise.inference.exported import ExportedCard
from maskwise.recipes.recipe_files import load_recipe
from maskwise.serving.app import create_app
from maskwise.training.train import train
from tests.opened import create_service, evaluate, export, load_predictor, open_predictor, predict_to_file
from tests.reporters import KeepingReporter
from tests.training.test_train_probe import SMALL

POINTS = np.array([[30.0, 40.0], [60.0, 40.0], [45.0, 55.0], [33.0, 70.0], [57.0, 70.0]])
STEPS = "transform.steps=[{step: face_crop}, {step: resize, height: 64, width: 64}, {step: normalize}]"


class MiddleFace:
    """Stands for the detector: a face in the middle of every photo that is not dark, two in bright ones."""

    def detect(self, pixels: np.ndarray, full_size: tuple[int, int], **settings: float) -> list[Face]:
        face = Face((20, 30, 70, 80), POINTS, 0.9)
        mean = pixels.mean()
        return [] if mean < 30 else [face, face] if mean > 220 else [face]


@pytest.fixture(scope="module")
def patched() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(face_finder, "CenterFace", MiddleFace)
        yield


@pytest.fixture(scope="module")
def faces_run(people: Path, tmp_path_factory: pytest.TempPathFactory, patched: None) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "faces"
    train(load_recipe("quick", [*SMALL[:-1], STEPS]), people, folder)
    return folder


@pytest.fixture
def photos(tmp_path: Path, people: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    real = sorted(people.glob("images/*/normal.jpg"))[0]
    (folder / "b.jpg").write_bytes(real.read_bytes())
    for name, value in (("a", 10), ("c", 240)):
        pixels = np.full((128, 96, 3), value, np.uint8)
        (folder / f"{name}.jpg").write_bytes(simplejpeg.encode_jpeg(pixels))
    (folder / "d.jpg").write_bytes(b"no photo")
    return folder


NOTES = ["no face found: the photo is taken as it is", None, "2 faces found: the largest is taken", None]


def test_predictions_have_notes(faces_run: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "predictions.parquet"
    predict_to_file(faces_run, load_predictor(faces_run), [str(photos)], out)
    frame = pl.read_parquet(out)
    assert frame.columns[-2:] == ["note", "error"]
    assert frame["note"].to_list() == NOTES
    assert frame["error"].is_null().to_list() == [True, True, True, False]


def test_the_report_and_an_evaluation_count_faces(faces_run: Path, people: Path) -> None:
    assert "Faces were found in" in (faces_run / "report.html").read_text()
    reporter = KeepingReporter()
    evaluated = evaluate(faces_run, people, photos_in_report=False, reporter=reporter)
    assert any(line.startswith("Faces were found in") for line in reporter.lines)
    assert "Faces were found in" in (evaluated.folder / "report.html").read_text()


def test_an_exported_file_says_that_it_needs_a_detector_and_uses_ours(
    faces_run: Path, photos: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    exported = export(faces_run, tmp_path / "out", kind="onnx")
    predictor = open_predictor(exported.path)
    assert isinstance(predictor.card, ExportedCard)
    assert predictor.card.face_detector is not None
    assert "maskwise[faces]" in predictor.card.face_detector
    paths = [photos / f"{name}.jpg" for name in "abc"]
    own = load_predictor(faces_run).predict_all(paths)
    np.testing.assert_allclose(predictor.predict_all(paths), own, atol=1e-3)
    assert [p.note for p in predictor.predict(paths)] == NOTES[:3]


def test_the_service_notes_faces(faces_run: Path, photos: Path) -> None:
    with TestClient(create_app(create_service(faces_run))) as client:
        files = [("photos", (p.name, p.read_bytes())) for p in sorted(photos.iterdir())]
        answers = client.post("/v1/predict", files=files).json()["photos"]
        assert [answer.get("note") for answer in answers] == NOTES
        explained = client.post(
            "/v1/explain", content=(photos / "b.jpg").read_bytes(), headers={"Content-Type": "image/jpeg"}
        ).json()
    left, top, width, height = explained["seen"]
    assert 0 < width < 1
    assert cv2.pointPolygonTest(
        np.array(
            [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
        ).astype(np.float32),
        (45 / 96, 55 / 128),
        False,
    )
