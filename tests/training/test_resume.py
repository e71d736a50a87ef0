import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest

from maskwise.errors import InputError, MaskwiseError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.runs.run_folder import RunFolder
from maskwise.training.train import train
from tests.commands import start_training
from tests.pictures import TINY, make_people

SETTINGS = (*TINY, "training.epochs=3", "training.batch_size=4", "model.dropout=0.3", "training.workers=1")


def start(data: Path, run: Path, *more: str) -> subprocess.Popen[str]:
    return start_training(data, run, SETTINGS, *more)


def wait_for(path: Path, lines: int, process: subprocess.Popen[str]) -> None:
    for _ in range(12_000):
        if path.is_file() and len(path.read_text().splitlines()) >= lines:
            return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.005)
    pytest.fail(f"{path} did not come")


def weights(run: Path) -> bytes:
    return (run / "members/00/model.safetensors").read_bytes()


def learnt(run: Path) -> list[tuple[object, ...]]:
    return pl.read_csv(run / "history.csv").drop("seconds", "images_per_second").rows()


@pytest.fixture(scope="module")
def uninterrupted(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    process = start(people, run)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return run


@pytest.mark.parametrize(("epochs", "delay"), [(0, 0.0), (0, 0.15), (1, 0.0), (1, 0.1), (2, 0.05)])
def test_killed_anywhere_and_resumed_the_weights_are_the_same(
    people: Path, tmp_path: Path, uninterrupted: Path, epochs: int, delay: float
) -> None:
    run = tmp_path / "run"
    process = start(people, run)
    wait_for(run / "history.csv" if epochs else run / "recipe.yaml", epochs + 1, process)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = start(people, run, "--resume")
    output, _ = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, output
    assert weights(run) == weights(uninterrupted)
    assert learnt(run) == learnt(uninterrupted)


def test_ctrl_c_in_mid_epoch_ends_cleanly_and_resumes_exactly(
    people: Path, tmp_path: Path, uninterrupted: Path
) -> None:
    run = tmp_path / "run"
    process = start(people, run)
    wait_for(run / "history.csv", 2, process)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    assert "Interrupted" in output
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["interrupted"]
    assert metrics["epochs"] < 3
    assert "was stopped after" in (run / "report.html").read_text()
    resumed = start(people, run, "--resume")
    output, _ = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, output
    assert weights(run) == weights(uninterrupted)
    assert learnt(run) == learnt(uninterrupted)
    assert not json.loads((run / "metrics.json").read_text())["interrupted"]


def test_a_finished_run_is_not_trained_again(people: Path, uninterrupted: Path) -> None:
    before = (uninterrupted / "checkpoints/last.ckpt").stat().st_mtime_ns
    metrics = train(load_recipe("cpu"), people, uninterrupted, resume=True)
    assert metrics.to_json() == json.loads((uninterrupted / "metrics.json").read_text())
    assert (uninterrupted / "checkpoints/last.ckpt").stat().st_mtime_ns == before


def test_other_data_or_another_recipe_is_refused(tmp_path: Path, uninterrupted: Path) -> None:
    lineage = uninterrupted / "lineage.json"
    content = lineage.read_text()
    lineage.write_text(content.replace('"finished": true', '"finished": false'))
    try:
        with pytest.raises(InputError, match=r"the data that .* began with"):
            train(load_recipe("cpu"), make_people(tmp_path / "other", 12, seed=5), uninterrupted, resume=True)
        with pytest.raises(InputError, match="with its recipe cpu, got report-2021-lite"):
            train(load_recipe("report-2021-lite"), tmp_path / "other", uninterrupted, resume=True)
    finally:
        lineage.write_text(content)


def test_two_trainings_do_not_mix(people: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with RunFolder(run).lock(), pytest.raises(InputError, match="another process is writing it"):
        train(load_recipe("cpu", SETTINGS), people, run)
    assert not run.exists()


def test_broken_files_of_a_run_are_one_line(people: Path, tmp_path: Path, uninterrupted: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(uninterrupted, run)
    lineage = run / "lineage.json"
    lineage.write_text(lineage.read_text().replace('"finished": true', '"finished": false'))
    checkpoint = run / "checkpoints/last.ckpt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:2000])
    with pytest.raises(MaskwiseError, match=r"last\.ckpt to be a whole checkpoint"):
        train(load_recipe("cpu"), people, run, resume=True)
    for content in ("{}", '{"data": 3}', "{", "[]"):
        lineage.write_text(content)
        with pytest.raises(InputError, match=r"[Ee]xpected"):
            train(load_recipe("cpu"), people, run, resume=True)
    (run / "recipe.yaml").write_text("a: [\nb: ]")
    with pytest.raises(InputError, match=r"recipe\.yaml") as caught:
        train(load_recipe("cpu"), people, run, resume=True)
    assert "\n" not in str(caught.value)


def test_the_first_ctrl_c_stops_with_one_batch_an_epoch(people: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start_training(people, run, (*SETTINGS, "training.epochs=200", "training.batch_size=128"))
    wait_for(run / "history.csv", 2, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "--resume" in output
    assert 1 <= len(learnt(run)) < 200
    assert json.loads((run / "metrics.json").read_text())["interrupted"]
