import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from maskwise.errors import InputError
from maskwise.files import write_text
from maskwise.models.tuned_decision import TunedDecision
from maskwise.recipes.recipe_files import load_recipe
from maskwise.serving.app import create_app
from maskwise.serving.service import Service
from maskwise.tasks.label_space import LabelSpace
from maskwise.training.train import train
from tests.opened import create_service, ensemble, export, load_predictor
from tests.pictures import TINY, picture


@pytest.fixture
def calibrated_run(tiny_run: Path, tmp_path: Path) -> Path:
    """A run with a fitted decision: half as sure, and class 17 whatever else is likely."""
    run = tmp_path / "calibrated"
    shutil.copytree(tiny_run, run)
    fitted = TunedDecision(
        temperature=2,
        class_weights=(1e-6,) * 17 + (1.0,),
        rule="joint",
        calibration_error=(0.2, 0.1),
        gain=0,
        gain_ci95=(-0.1, 0.1),
        thresholds={"0.9": (0.5, 0.6, 0.9)},
    )
    write_text(run / "decision.json", fitted.model_dump_json(by_alias=True))
    return run


def _answers(service: Service) -> tuple[np.ndarray, dict[str, object], int]:
    """Probabilities (1, C) of a photo, what the model says of itself, and how an explanation was answered."""
    stream = io.BytesIO()
    Image.fromarray(picture(5)).save(stream, "PNG")
    photo = {"content": stream.getvalue(), "headers": {"Content-Type": "image/png"}}
    with TestClient(create_app(service)) as client:
        (row,) = client.post("/v1/predict", **photo).json()["photos"]
        about = client.get("/v1/model").json()
        looked = client.post("/v1/explain", **photo).status_code
    return np.array([row["probabilities"]]), about, looked


def test_a_run_its_file_and_an_ensemble_are_served_in_any_backend(
    tiny_run: Path, people: Path, tmp_path: Path
) -> None:
    Image.fromarray(picture(5)).save(tmp_path / "photo.png")
    expected = load_predictor(tiny_run).predict_all([tmp_path / "photo.png"])
    export(tiny_run, tmp_path / "exported")
    other = tmp_path / "other"
    train(load_recipe("cpu", [*TINY, "training.epochs=1", "seed=1"]), people, other)
    both = (expected + load_predictor(other).predict_all([tmp_path / "photo.png"])) / 2
    assert not np.allclose(both, expected, atol=1e-3)
    ensemble([tiny_run, other], tmp_path / "both")
    for model, backend, name, looks in (
        (tiny_run, None, "torch", 200),
        (tiny_run, "openvino", "openvino", 200),
        (tmp_path / "exported", None, "onnxruntime", 404),
        (tmp_path / "exported", "openvino", "openvino", 404),
        (tmp_path / "both", None, "torch", 200),
        (tmp_path / "both", "onnxruntime", "onnxruntime", 200),
    ):
        told, about, looked = _answers(create_service(model, backend=backend))
        assert np.allclose(told, both if model.name == "both" else expected, atol=1e-4), (model, backend)
        assert about["score"]["scored_on"] == "held-out persons"
        assert about["backend"] == name
        assert looked == looks
        assert about["explains"] is (looks == 200)


def test_a_fitted_decision_is_told_where_it_is_asked_for(calibrated_run: Path, tiny_run: Path) -> None:
    plain, about, _ = _answers(create_service(calibrated_run))
    sure, told, _ = _answers(create_service(calibrated_run, calibrated=True))
    assert about["decision"] == "marginal"
    assert told["decision"] == "marginal, calibrated"
    powered = np.sqrt(plain) / np.sqrt(plain).sum()
    assert np.allclose(sure, powered, atol=1e-4)
    # The file of a run has its fitted decision inside.
    file = export(calibrated_run, calibrated_run.with_name("file")).path
    from_file, of_file, _ = _answers(create_service(file, calibrated=True))
    assert np.allclose(from_file, powered, atol=1e-4)
    assert of_file["decision"] == "marginal, calibrated"
    assert create_service(file, decision="weighted").choice.classes(
        plain, LabelSpace.from_dict(of_file["label_space"])
    ).tolist() == [17]
    service = create_service(calibrated_run, decision="weighted")
    assert service.choice.classes(plain, service.predictor.space).tolist() == [17]
    with pytest.raises(InputError, match="decision"):
        create_service(tiny_run, decision="weighted")


def test_a_file_has_its_own_card_whatever_lies_beside_it(tiny_run: Path, tmp_path: Path) -> None:
    file = export(tiny_run, tmp_path / "out").path
    (file.parent / "MODEL_CARD.md").write_text("another model's")
    own = (tiny_run / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert create_service(file).facts.card == own == create_service(tiny_run).facts.card
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    (run / "MODEL_CARD.md").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="to be a readable model card"):
        create_service(run)
