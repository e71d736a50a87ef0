import json
import os
import signal
import subprocess
import time
from pathlib import Path

import polars as pl

from tests.commands import start_training
from tests.pictures import TINY


def start(data: Path, run: Path, port: int, *more: str) -> list[subprocess.Popen[str]]:
    """Two processes as torchrun starts them, over gloo."""
    shared = {
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    return [
        start_training(
            data,
            run,
            (*TINY, "training.batch_size=8"),
            *more,
            environment={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]


def finish(processes: list[subprocess.Popen[str]], *codes: int) -> None:
    for process in processes:
        output, _ = process.communicate(timeout=180)
        assert process.returncode in codes, output


def test_two_processes_train_one_model_and_stop_together(people: Path, tmp_path: Path) -> None:
    """Interrupted by a signal to one of them, then resumed: the end is that of an uninterrupted run."""
    port = 29500 + os.getpid() % 400
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    finish(start(people, whole, port, "--set", "training.epochs=3"), 0)
    metrics = json.loads((whole / "metrics.json").read_text())
    history = pl.read_csv(whole / "history.csv")
    assert history.height == 3
    # One model was scored in every epoch: the last epoch's score is that of the member on disk.
    assert abs(metrics["macro_f1"]["value"] - history["held_out_macro_f1"][-1]) < 1e-4

    processes = start(people, cut, port + 400, "--set", "training.epochs=3")
    while not (cut / "history.csv").is_file():
        assert processes[0].poll() is None, processes[0].communicate()[0]
        time.sleep(0.01)
    processes[1].send_signal(signal.SIGINT)
    finish(processes, 0, 1)
    if json.loads((cut / "metrics.json").read_text())["interrupted"]:
        finish(start(people, cut, port + 800, "--resume"), 0)
    weights = [(run / "members/00/model.safetensors").read_bytes() for run in (whole, cut)]
    assert weights[0] == weights[1]
