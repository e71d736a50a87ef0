"""Photos a second and latency of a run in PyTorch, ONNX Runtime, OpenVINO, and as int8 where that passes its gate.

    python benchmarks/inference.py --run RUN [--data DATA] [--threads 1]

The run is exported into a temporary folder, each file checked against it, then all take turns, call by call, in one
process: what drifts on a machine drifts for all of them. Pixels come in as the transform makes them; reading photos is
another benchmark's (`input.py`).
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from maskwise.deployment.checking import figures
from maskwise.deployment.exporting import Kind, export
from maskwise.errors import InputError
from maskwise.inference.engine import Engine
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.opening import load_predictor
from maskwise.inference.openvino_engine import OpenVinoEngine

BATCHES = (1, 32)


def create_engines(run: Path, folder: Path, data: Path | None, threads: int) -> dict[str, Engine]:
    """Each way to compute the run."""
    torch.set_num_threads(threads)
    engines: dict[str, Engine] = {"PyTorch": load_predictor(run, torch.device("cpu")).engine}
    kinds: tuple[tuple[Kind, str], ...] = (("onnx", "ONNX Runtime"), ("openvino", "OpenVINO"))
    for kind, name in kinds:
        done = export(run, folder, kind=kind, data=data)
        print(f"{name}: {figures(done.check)}")
        engines[name] = (OnnxEngine if kind == "onnx" else OpenVinoEngine)(done.path, threads)
    try:
        done = export(run, folder, kind="openvino", int8=True, data=data)
        print(f"int8: {figures(done.check)}")
        engines["OpenVINO, int8"] = OpenVinoEngine(done.path, threads)
    except InputError as error:
        print(f"no int8: {error}")
    return engines


def measure(engines: dict[str, Engine], batch: int, seconds: float) -> dict[str, np.ndarray]:
    """Seconds of each call, in turns, after calls that only warm up."""
    random = np.random.default_rng(0)
    taken: dict[str, list[float]] = {name: [] for name in engines}
    images = {
        name: [
            random.integers(0, 256, (batch, *t.output_size, 3)).astype(np.uint8) for t in engine.transforms
        ]
        for name, engine in engines.items()
    }
    end = time.perf_counter() + seconds * len(engines)
    while time.perf_counter() < end:
        for name, engine in engines.items():
            begin = time.perf_counter()
            engine.probabilities(images[name])
            taken[name].append(time.perf_counter() - begin)
    return {name: np.array(values[max(3, len(values) // 10) :]) for name, values in taken.items()}


def main() -> None:
    """Print a line for each way and batch."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument(
        "--data", type=Path, help="the run's data, where they are not any more where they were"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each way and batch")
    arguments = parser.parse_args()
    print(f"{describe_machine()}, {arguments.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        engines = create_engines(arguments.run, Path(folder), arguments.data, arguments.threads)
        for batch in BATCHES:
            taken = measure(engines, batch, arguments.seconds)
            eager = float(np.median(taken["PyTorch"]))
            for name, values in taken.items():
                p50, p99 = np.quantile(values, [0.5, 0.99])
                print(
                    f"batch {batch:2}, {name:14}: {batch / p50:6.1f} photos/s, p50 {p50 * 1e3:6.1f} ms, "
                    f"p99 {p99 * 1e3:6.1f} ms, {eager / p50:.2f} x PyTorch ({len(values)} calls)"
                )


if __name__ == "__main__":
    main()
