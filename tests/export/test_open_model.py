import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from maskwise.cli.main import app
from maskwise.data.cache_folder import cache_folder
from maskwise.errors import InputError, MaskwiseError
from maskwise.export import backend_cache
from maskwise.export.open_model import BACKENDS, Backend
from maskwise.files import read_json, write_text
from maskwise.models.tuned_decision import TunedDecision
from tests.opened import create_choice, fastest_backend, open_predictor
from tests.reporters import KeepingReporter


@pytest.fixture
def photos(people: Path) -> list[Path]:
    return sorted(people.glob("images/*/*.jpg"))[:20]


def _converted() -> list[Path]:
    return sorted((cache_folder() / "converted").glob("*.onnx"))


def test_a_run_says_the_same_in_every_backend_and_is_converted_once(
    tiny_run: Path, photos: list[Path], tmp_path: Path
) -> None:
    expected = open_predictor(tiny_run)
    assert expected.engine.backend == "torch"
    assert not _converted()
    others: tuple[Backend, ...] = ("onnxruntime", "openvino")
    for backend in others:
        predictor = open_predictor(tiny_run, backend)
        assert predictor.engine.backend == backend
        assert np.allclose(predictor.predict_all(photos), expected.predict_all(photos), atol=1e-4)
        assert predictor.card.decision == expected.card.decision
        with pytest.raises(InputError, match="to have a fitted decision"):
            create_choice(tiny_run, predictor.card, "weighted")
    (file,) = _converted()
    written = file.stat().st_mtime_ns
    open_predictor(tiny_run, "onnxruntime")
    assert file.stat().st_mtime_ns == written
    # Another run of the same weights and another name says so of itself.
    copy = tmp_path / "copy"
    shutil.copytree(tiny_run, copy)
    assert open_predictor(copy, "onnxruntime").card.name == "copy"
    assert len(_converted()) == 2


def test_what_says_something_else_than_the_run_is_not_opened(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_predictor(tiny_run, "onnxruntime")
    monkeypatch.setattr(backend_cache, "TOLERANCE", -1.0)
    for backend in ("onnxruntime", "openvino"):  # converted before, and looked at again
        with pytest.raises(
            InputError, match=rf"Expected {backend} to give the probabilities of .*, got differences"
        ):
            open_predictor(tiny_run, backend)


def test_what_is_cached_of_a_run_is_made_again_when_it_broke_or_another_decision_was_fitted(
    tiny_run: Path, photos: list[Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    open_predictor(run, "onnxruntime")
    (file,) = _converted()
    file.write_bytes(b"broken")
    again = open_predictor(run, "onnxruntime").predict_all(photos)
    assert np.allclose(again, open_predictor(run).predict_all(photos), atol=1e-4)
    assert _converted() == [file]
    fitted = TunedDecision(
        temperature=2,
        class_weights=(1.0,) * 18,
        rule="joint",
        calibration_error=(0.2, 0.1),
        gain=0,
        gain_ci95=(-0.1, 0.1),
        thresholds={},
    )
    write_text(run / "decision.json", fitted.model_dump_json(by_alias=True))
    opened = open_predictor(run, "onnxruntime")
    assert opened.card.tuned == fitted
    assert create_choice(run, opened.card, "weighted").tuned == fitted
    assert len(_converted()) == 2


def test_a_cache_that_can_not_be_written_is_told_and_pytorch_goes_on(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MASKWISE_CACHE", str(tmp_path / "file"))
    with pytest.raises(MaskwiseError, match="Expected to make the folder"):
        open_predictor(tiny_run, "openvino")
    reporter = KeepingReporter()
    backend, rates = fastest_backend(tiny_run, reporter)
    assert (backend, list(rates), len(reporter.lines)) == ("torch", ["torch"], 1)


def test_the_fastest_backend_of_a_run_is_found_by_measuring_all(
    tiny_run: Path, people: Path, tmp_path: Path
) -> None:
    out = tmp_path / "auto.parquet"
    asked = ["predict", str(tiny_run), str(people / "images"), "--out", str(out), "--backend", "auto"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    written = read_json(tmp_path / "auto.parquet.backend.json")
    rates = written["photos_per_second"]
    assert tuple(rates) == BACKENDS
    assert written["backend"] == max(rates, key=rates.__getitem__)
    torch = tmp_path / "torch.parquet"
    told = CliRunner().invoke(app, ["predict", str(tiny_run), str(people / "images"), "--out", str(torch)])
    assert told.exit_code == 0, told.output
    here, there = pl.read_parquet(out), pl.read_parquet(torch)
    assert here["photo"].to_list() == there["photo"].to_list()
    assert (here["class"] == there["class"]).mean() > 0.99


def test_where_a_package_is_missing_it_is_said_and_the_others_are_measured(
    tiny_run: Path, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    asked = ["predict", str(tiny_run), str(people / "images"), "--out", str(tmp_path / "o.csv")]
    told = CliRunner().invoke(app, [*asked, "--backend", "auto"])
    assert told.exit_code == 0, told.output
    assert told.output.count("maskwise[export]") == 1
    assert "backend torch (photos/s: torch " in told.output
    told = CliRunner().invoke(app, [*asked, "--backend", "openvino"])
    assert isinstance(told.exception, InputError)
    assert "maskwise[export]" in str(told.exception)
