import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from maskwise.cli.main import app
from maskwise.data.transform import TransformSpec
from maskwise.data.transform_photo import transform_photo
from maskwise.errors import InputError
from maskwise.export import int8_export
from maskwise.export.calibration import calibration_photos
from maskwise.export.compare_with_run import describe_check, is_int8_good_enough
from maskwise.export.graph import ExportGraph
from maskwise.export.model_operations import (
    first_convolutions,
    operations,
    operations_after_convolutions,
)
from maskwise.export.onnx_format import to_onnx
from maskwise.export.openvino_format import to_openvino
from maskwise.export.quantization import METHODS, products_overflow
from maskwise.files import read_json, write_json
from maskwise.inference.exported import Check, exported_file
from maskwise.inference.prediction_files import parts_folder, sources_of
from maskwise.models.decision import decide
from maskwise.models.ensemble import EnsembleSpec
from maskwise.recipes.recipe_files import load_recipe
from maskwise.training.train import train
from tests.older_runs import without_digests
from tests.opened import (
    create_choice,
    ensemble,
    export,
    fastest_backend,
    load_members,
    load_predictor,
    model_identity,
    open_predictor,
    photos_to_check,
    predict_to_file,
)
from tests.pictures import TINY, picture, write_jpeg
from tests.reporters import KeepingReporter

DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"


@pytest.fixture(scope="module")
def exported(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run as ONNX and for OpenVINO."""
    out = tmp_path_factory.mktemp("exported")
    for kind in ("onnx", "openvino"):
        done = export(tiny_run, out, kind=kind)
        assert done.check.same_class == 1
        assert done.check.largest_difference < 1e-3
        assert done.check.scored_on == "held-out persons"
    return out


@pytest.fixture
def photos(people: Path) -> list[Path]:
    return sorted(people.glob("images/*/*.jpg"))[:40]


def test_a_file_says_what_its_run_says_in_every_backend(
    exported: Path, tiny_run: Path, photos: list[Path]
) -> None:
    run = load_predictor(tiny_run)
    expected = run.predict_all(photos)
    for path, backend in (
        (exported / "model.onnx", "onnxruntime"),
        (exported / "model.onnx", "openvino"),
        (exported / "model.xml", None),
        (exported, None),
    ):
        predictor = open_predictor(path, backend)
        assert np.allclose(predictor.predict_all(photos), expected, atol=1e-4)
        assert np.allclose(predictor.predict_all(photos[:1]), expected[:1], atol=1e-4)
        assert predictor.space.class_names == run.space.class_names
        assert predictor.card.decision == run.card.decision
        assert predictor.card.check.photos > 0
        assert predictor.card.score.scored_on == "held-out persons"


def test_predictions_from_a_file_are_those_of_the_run(
    exported: Path, tiny_run: Path, people: Path, tmp_path: Path
) -> None:
    sources = [str(people / "images")]
    predict_to_file(tiny_run, load_predictor(tiny_run), sources, tmp_path / "run.csv")
    file = exported / "model.onnx"
    predict_to_file(file, open_predictor(file), sources, tmp_path / "file.csv")
    here, there = (pl.read_csv(tmp_path / name) for name in ("run.csv", "file.csv"))
    assert here["photo"].to_list() == there["photo"].to_list()
    assert (here["class"] == there["class"]).mean() > 0.99
    backend, rates = fastest_backend(exported, print)
    assert backend in rates
    assert set(rates) == {"onnxruntime", "openvino"}
    out = tmp_path / "auto.csv"
    # What another model has left unfinished names no backend for this one.
    begun = {"schema": 1, **model_identity(tiny_run), "backend": "torch"}
    parts_folder(out).mkdir()
    write_json(parts_folder(out) / "manifest.json", begun)
    asked = ["predict", str(file), *sources, "--out", str(out), "--backend", "auto"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    written = read_json(tmp_path / "auto.csv.backend.json")
    assert set(written["photos_per_second"]) == {"onnxruntime", "openvino"}
    assert f"backend {written['backend']}" in told.output
    again = {"schema": 1, **model_identity(file), "backend": "onnxruntime"}
    # Neither does the same model's for other photos; for the same it does, and that is said and written down.
    for of, kept in ((["elsewhere"], False), (sources, True)):
        (tmp_path / "auto.csv.backend.json").unlink()
        parts_folder(out).mkdir()
        write_json(parts_folder(out) / "manifest.json", again | {"sources": sources_of(of)})
        told = CliRunner().invoke(app, asked)
        assert ("backend onnxruntime, as in the interrupted call" in told.output) is kept
        written = read_json(tmp_path / "auto.csv.backend.json")
        assert (written["photos_per_second"] == {}) is kept
    assert written["backend"] == "onnxruntime"
    # What is written of an earlier call says nothing of one that measured nothing.
    CliRunner().invoke(app, [*asked[:-1], "openvino"])
    assert not (tmp_path / "auto.csv.backend.json").exists()
    with pytest.raises(InputError, match="to have a fitted decision"):
        create_choice(file, open_predictor(file).card, "weighted")


def test_members_are_merged_whatever_they_see_and_however_they_speak(
    tiny_run: Path, people: Path, photos: list[Path], tmp_path: Path
) -> None:
    small = [*TINY, "training.epochs=1", "seed=1", "transform.steps=" + _steps(24)]
    train(load_recipe("cpu", small), people, tmp_path / "small")
    for how in ("mean", "vote"):
        together = tmp_path / how
        ensemble([tiny_run, tmp_path / "small"], together, how=how)
        done = export(together, tmp_path / f"{how}-file", kind="onnx")
        assert done.check.scored_on == "held-out persons"
        predictor = open_predictor(done.path)
        assert len(predictor.engine.transforms) == 2
        assert np.allclose(
            predictor.predict_all(photos), load_predictor(together).predict_all(photos), atol=1e-4
        )


def _steps(side: int) -> str:
    return (
        f"[{{step: resize, height: {side}, width: {side}}}, "
        "{step: normalize, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}]"
    )


def test_an_int8_file_that_is_written_does_hold(tiny_run: Path, tmp_path: Path) -> None:
    """Whichever way it goes with so small a model on this machine."""
    try:
        done = export(tiny_run, tmp_path, kind="openvino", int8=True)
    except InputError as error:
        (same,) = re.findall(r"at best the same class on ([\d.]+)%", str(error))
        (lowest,) = re.findall(r"macro F1 [+-][\d.]+ \(([+-][\d.]+) to", str(error))
        assert float(same) <= 98 or float(lowest) <= -0.01  # as rounded
        assert not list(tmp_path.rglob("*"))
        return
    run, int8 = load_predictor(tiny_run), open_predictor(done.path)
    photos = photos_to_check(tiny_run, run, None)
    told = [
        decide(p, run.space, run.card.decision) for p in (photos.expected, int8.predict_all(photos.paths))
    ]
    assert (told[0] == told[1]).mean() >= 0.98
    assert done.check.ci95 is not None
    assert done.check.ci95[0] >= -0.01


def test_int8_is_written_only_if_it_holds(
    tiny_run: Path, tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"photos": 100, "persons": 20, "scored_on": "held-out persons", "largest_difference": 0.1}
    assert is_int8_good_enough(Check(**good, same_class=0.98, macro_f1_difference=0.0, ci95=(-0.01, 0.01)))
    assert not is_int8_good_enough(
        Check(**good, same_class=0.979, macro_f1_difference=0.0, ci95=(-0.01, 0.01))
    )
    assert not is_int8_good_enough(
        Check(**good, same_class=1.0, macro_f1_difference=0.0, ci95=(-0.011, 0.01))
    )
    monkeypatch.setattr(int8_export, "is_int8_good_enough", lambda check: False)
    reporter = KeepingReporter()
    with pytest.raises(
        InputError, match=r"Expected int8 to give the same class on 98%.* at best the same class"
    ):
        export(tiny_run, tmp_path / "refused", kind="openvino", int8=True, reporter=reporter)
    assert sum("quantizing" in line for line in reporter.lines) == len(METHODS)
    assert not list((tmp_path / "refused").rglob("*"))
    monkeypatch.setattr(int8_export, "is_int8_good_enough", lambda check: True)
    done = export(tiny_run, tmp_path / "kept", kind="openvino", int8=True)
    assert done.path.name == "model-int8.xml"
    assert "same class" in describe_check(done.check)
    assert f"{done.check.persons} persons: too few to tell" in describe_check(done.check)
    assert "too few" not in describe_check(
        open_predictor(export(tiny_run, tmp_path / "plain").path).card.check
    )
    predictor = open_predictor(done.path)
    assert predictor.card.precision == "int8"
    assert predictor.card.quantized == METHODS[0].describe()
    assert predictor.predict_all(photos).shape == (40, 18)
    runtime = export(tiny_run, tmp_path / "runtime", kind="onnx", int8=True)
    assert runtime.path.name == "model-int8.onnx"
    told = open_predictor(runtime.path).predict_all(photos)
    assert np.allclose(told.sum(axis=1), 1, atol=1e-4)
    assert not np.allclose(told, load_predictor(tiny_run).predict_all(photos), atol=1e-6)
    # Beside a file in single precision int8 is used where it is named, and a folder of int8 alone is no model unasked.
    both = export(tiny_run, tmp_path / "both", kind="openvino").path.parent
    for part in (tmp_path / "kept").glob("model-int8.*"):
        shutil.copy(part, both)
    assert open_predictor(both).card.precision == "fp32"
    assert open_predictor(both, "openvino").card.precision == "fp32"
    assert open_predictor(both / "model-int8.xml").card.precision == "int8"
    with pytest.raises(InputError, match="got int8 only: name "):
        open_predictor(tmp_path / "kept")


@pytest.mark.parametrize(
    ("machine", "known", "overflows"),
    [
        ("x86_64", {"avx2": True, "avx512_vnni": False, "avx_vnni": False}, True),
        ("x86_64", {"avx2": True, "avx512_vnni": True}, False),
        ("AMD64", {"avx2": True, "avx_vnni": True}, False),
        ("x86_64", None, True),  # a torch that can't tell
        ("aarch64", {}, False),
    ],
)
def test_weights_get_7_bits_where_products_overflow(
    machine: str, known: dict[str, bool] | None, overflows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    if known is None:
        monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    else:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    assert products_overflow() is overflows
    assert ("weights of 7 bits" in METHODS[0].describe()) is overflows


@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_convolutions_are_counted_from_the_pixels(tiny_run: Path, kind: str) -> None:
    members = load_members(tiny_run)
    graph = to_onnx(ExportGraph(members, EnsembleSpec()))
    model = to_openvino(graph) if kind == "openvino" else graph
    convolutions = sum(isinstance(module, torch.nn.Conv2d) for module in members[0].classifier.modules())
    found = [first_convolutions(model, depth) for depth in (0, 1, 4, 1000)]
    assert [len(names) for names in found] == [0, 1, 4, convolutions]
    assert found[1] == found[2][:1]
    behind = set(operations_after_convolutions(model))
    assert not behind & set(found[3])
    products = [name for name, kind, _ in operations(model) if kind in ("Gemm", "MatMul", "Softmax")]
    assert len(products) > 1
    assert set(products) <= behind


def test_another_runs_card_is_not_written_over(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "MODEL_CARD.md").write_text("another model's")
    with pytest.raises(InputError, match=r"MODEL_CARD.md to be the card of .*, but it is another model's"):
        export(tiny_run, tmp_path)
    assert (tmp_path / "MODEL_CARD.md").read_text() == "another model's"


def test_what_can_not_be_exported_or_opened_is_one_line(
    exported: Path, tiny_run: Path, people: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="to be free, but it exists"):
        export(tiny_run, exported)
    with pytest.raises(InputError, match="name the place where they are now"):
        export(tiny_run, tmp_path / "a", data=tmp_path / "nowhere")
    with pytest.raises(InputError, match="to have a member"):
        export(people, tmp_path / "a")
    for name, content in (("a.onnx", b"broken"), ("b.xml", b"<broken"), ("c.onnx", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="expected"):
            open_predictor(tmp_path / name)
    with pytest.raises(InputError, match="it does not exist"):
        open_predictor(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="Expected a run for the backend torch"):
        open_predictor(exported, "torch")
    with pytest.raises(InputError, match="Expected an ONNX file"):
        open_predictor(exported / "model.xml", "onnxruntime")


def test_a_run_stays_a_run_whatever_its_name_and_whatever_lies_beside(tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "v1.onnx"
    shutil.copytree(tiny_run, run)
    export(run, run)
    assert exported_file(run) is None
    assert open_predictor(run).engine.backend == "torch"
    assert open_predictor(run / "model.onnx").engine.backend == "onnxruntime"


def test_an_export_is_checked_with_the_labels_and_persons_that_the_run_was_scored_with(
    tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    without_digests(run)
    told = pl.read_parquet(run / "predictions.parquet")
    corrected = told.with_columns(person=pl.lit("one and the same"))
    corrected.write_parquet(run / "predictions.parquet")
    assert export(run, tmp_path / "out").check.persons == 1
    (run / "predictions.parquet").write_bytes(b"broken")
    with pytest.raises(InputError, match="to hold predictions"):
        export(run, tmp_path / "other")


def test_photos_that_broke_since_are_not_calibrated_on(tiny_run: Path, people: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(people, data)
    sides = pl.read_parquet(tiny_run / "split.parquet")
    for photo in sides.filter(side="train")["photo"][1:]:
        (data / photo).write_bytes(b"broken")
    predictor = load_predictor(tiny_run)
    photos = photos_to_check(tiny_run, predictor, data)
    transforms = predictor.engine.transforms
    assert len(calibration_photos(photos.training, transforms)) == 1
    with pytest.raises(InputError, match="that the run was trained on, to calibrate int8 on"):
        calibration_photos(photos.training[1:], transforms)


def test_int8_of_a_run_trained_on_everybody_is_judged_on_persons_it_was_not_calibrated_on(
    tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "folds"
    shutil.copytree(tiny_run, run)
    without_digests(run)
    split = pl.read_parquet(run / "split.parquet")
    split.with_columns(side=pl.lit("train")).write_parquet(run / "split.parquet")
    whole = photos_to_check(run, load_predictor(run), None)
    assert whole.scored_on == "photos it was trained on"
    assert len(whole.paths) == pl.read_parquet(run / "predictions.parquet").height
    photos = photos_to_check(run, load_predictor(run), None, int8=True)
    assert len(photos.paths) + len(photos.training) == len(whole.paths)
    person_of = dict(zip(split["photo"], split["person"], strict=True))
    root = Path(read_json(run / "lineage.json")["data"]["path"])
    calibrated = {person_of[str(path.relative_to(root))] for path in photos.training}
    assert calibrated
    assert len(photos.persons)
    assert not calibrated & set(photos.persons)
    # Persons who share a photo count as one.
    joined = split.with_columns(side=pl.lit("train"), group=pl.lit("all"))
    joined.write_parquet(run / "split.parquet")
    assert not photos_to_check(run, load_predictor(run), None, int8=True).training
    # A run that never held anybody out has nothing but its split.
    (run / "predictions.parquet").unlink()
    known = photos_to_check(run, load_predictor(run), None)
    assert len(known.paths) == split.height
    assert (known.labels >= 0).all()


def test_metadata_that_speak_of_another_model_are_refused(exported: Path, tmp_path: Path) -> None:
    onnx = importlib.import_module("onnx")
    model = onnx.load(str(exported / "model.onnx"))
    (entry,) = model.metadata_props
    card = json.loads(entry.value)
    card["transforms"][0]["steps"] = [
        step | ({"height": 64} if step["step"] == "resize" else {}) for step in card["transforms"][0]["steps"]
    ]
    entry.value = json.dumps(card)
    onnx.save(model, str(tmp_path / "model.onnx"))
    for backend in ("onnxruntime", "openvino"):
        with pytest.raises(InputError, match=r"expected inputs .*64"):
            open_predictor(tmp_path / "model.onnx", backend)


def test_metadata_that_contradict_themselves_are_refused(exported: Path, tmp_path: Path) -> None:
    onnx = importlib.import_module("onnx")
    model = onnx.load(str(exported / "model.onnx"))
    (entry,) = model.metadata_props
    card = json.loads(entry.value)
    space, values = card["label_space"], card["values"]
    weights = {
        "schema": 1,
        "temperature": 1,
        "class_weights": [1, 1],
        "rule": "joint",
        "calibration_error": [0, 0],
        "gain": 0,
        "gain_ci95": [0, 0],
        "thresholds": {},
    }
    for change, message in (
        ({"label_space": space | {"attributes": "mask"}}, "metadata"),
        ({"label_space": space | {"attributes": None}}, "metadata"),
        ({"label_space": {}}, "metadata"),
        ({"values": values | {"gender": ["female", "male"]}}, "the values of their label space"),
        ({"tuned": weights}, "a weight for each class"),
    ):
        entry.value = json.dumps(card | change)
        onnx.save(model, str(tmp_path / "model.onnx"))
        for backend in ("onnxruntime", "openvino"):
            with pytest.raises(InputError, match=message):
                open_predictor(tmp_path / "model.onnx", backend)


def test_int8_is_judged_on_all_photos_that_its_run_was_scored_on(
    tiny_run: Path, people: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(people, data)
    held_out = pl.read_parquet(tiny_run / "predictions.parquet")["photo"]
    gone = Path(held_out[0]).parent.name
    lines = (data / "train.csv").read_text().splitlines()
    (data / "train.csv").write_text("\n".join(line for line in lines if gone not in line) + "\n")
    predictor = load_predictor(tiny_run)
    assert len(photos_to_check(tiny_run, predictor, data).paths) == len(held_out) - 7
    with pytest.raises(InputError, match="7 of them are not there"):
        photos_to_check(tiny_run, predictor, data, int8=True)


def test_a_strangers_model_without_metadata_is_refused(exported: Path, tmp_path: Path) -> None:
    onnx = importlib.import_module("onnx")
    model = onnx.load(str(exported / "model.onnx"))
    for metadata in (None, "{broken", '{"schema_version": 1}', '{"schema_version": 2}'):
        del model.metadata_props[:]
        if metadata is not None:
            entry = model.metadata_props.add()
            entry.key, entry.value = "maskwise", metadata
        onnx.save(model, str(tmp_path / "model.onnx"))
        for backend in ("onnxruntime", "openvino"):
            with pytest.raises(InputError, match="metadata"):
                open_predictor(tmp_path / "model.onnx", backend)


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    """The script that the documents show."""
    (code,) = re.findall(r"```python\n(.*?)```", DEPLOY.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert code.count("\n") <= 40
    assert set(re.findall(r"^(?:import|from) (\w+)", code, flags=re.MULTILINE)) == {
        "json",
        "sys",
        "numpy",
        "onnxruntime",
        "PIL",
    }
    path = tmp_path / "predict.py"
    path.write_text(code, encoding="utf-8")
    yield path
    shutil.rmtree(tmp_path)


_NORMALIZE = {"step": "normalize", "mean": [0.5] * 3, "std": [0.5] * 3}


@pytest.mark.parametrize(
    "steps",
    [
        [{"step": "resize", "height": 48, "width": 36}],
        [{"step": "resize", "height": 400, "width": 300}],
        [{"step": "center_crop", "height": 200, "width": 150}, {"step": "resize", "height": 64, "width": 48}],
        [{"step": "center_crop", "height": 300, "width": 301}, {"step": "resize", "height": 96, "width": 64}],
        [
            {"step": "center_crop", "height": 450, "width": 360, "phase": "train"},
            {"step": "resize", "height": 128, "width": 128},
        ],
        [{"step": "resize", "height": 176, "width": 144}],
        [{"step": "color", "phase": "train"}, {"step": "grayscale", "phase": "train"}],
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "turned JPEG", "PNG"])
def test_the_script_in_the_documents_sees_what_maskwise_sees(
    script: Path, steps: list[dict[str, Any]], kind: str, tmp_path: Path
) -> None:
    code = script.read_text(encoding="utf-8")
    functions = (
        "\n".join(re.findall(r"^(?:import|from) .*$", code, flags=re.MULTILINE))
        + code[code.index("\ndef taps") : code.index("\nfor path in")]
    )
    known: dict[str, Any] = {}
    exec(functions, known)
    if all(step.get("phase") == "train" for step in steps):
        steps = [{"step": "resize", "height": 64, "width": 48}, *steps]
    spec = TransformSpec.model_validate({"steps": [*steps, _NORMALIZE]})
    for height, width in ((256, 192), (301, 217), (600, 450), (400, 400), (1024, 768)):
        image = Image.fromarray(
            cv2.GaussianBlur(picture(height, height=height, width=width), (0, 0), 0.5).astype(np.uint8)
        )
        path = tmp_path / "photo"
        exif = Image.Exif()
        exif[274] = 6 if kind == "turned JPEG" else 1
        image.save(path, kind.split()[-1], exif=exif)
        own = transform_photo(path, spec).astype(int)
        difference = np.abs(own - known["pixels"](path, spec.model_dump()["steps"])[0])
        # A JPEG is reduced while it is decoded, by both the same way; other formats are not.
        assert difference.max() <= (1 if "JPEG" in kind else 8)
        assert difference.mean() < (0.2 if "JPEG" in kind else 2)


def test_the_script_in_the_documents_predicts_the_same(script: Path, exported: Path, tmp_path: Path) -> None:
    photos = [tmp_path / f"{k}.jpg" for k in range(30)]
    for k, path in enumerate(photos):
        write_jpeg(path, picture(k, height=256, width=192))
    call = [sys.executable, str(script), str(exported / "model.onnx"), *map(str, photos)]
    told = subprocess.run(call, check=True, capture_output=True, text=True).stdout.splitlines()
    predictor = open_predictor(exported)
    cubes = predictor.predict_all(photos).reshape(-1, *predictor.space.sizes)
    for line, cube in zip(told, cubes, strict=True):
        for axis, (attribute, words) in enumerate(
            zip(predictor.space.attributes, line.split(",")[1:], strict=True)
        ):
            marginal = cube.sum(axis=tuple(k for k in range(3) if k != axis))
            value, probability = words.split(" ")
            assert float(probability) == pytest.approx(marginal.max(), abs=0.005)
            assert marginal[attribute.values.index(value)] > marginal.max() - 0.005
