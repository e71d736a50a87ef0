"""Photos a second and latency of a run: plain eager PyTorch, maskwise's own, ONNX Runtime, OpenVINO, and as int8.

    python benchmarks/inference.py --run RUN [--data DATA] [--threads 1]

The run is exported into a temporary folder, each file checked against it; int8 is measured where it passes its gate.
Then all take turns, each in a process of its own, because allocator settings can't be taken back. Plain is what one
writes first: contiguous tensors, the allocator as it is. Pixels come in as the transform makes them; reading photos is
another benchmark's (`input.py`).
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.turns import take_turns
from maskwise.deployment.checking import figures
from maskwise.deployment.exporting import export
from maskwise.errors import InputError
from maskwise.inference.engine import Engine
from maskwise.inference.members import member_folders
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.opening import load_predictor
from maskwise.inference.openvino_engine import OpenVinoEngine
from maskwise.inference.torch_engine import TorchEngine
from maskwise.models.member import load_member

BATCHES = (1, 32)
FILES = {"ONNX Runtime": "model.onnx", "OpenVINO": "model.xml", "OpenVINO, int8": "model-int8.xml"}


def export_all(run: Path, folder: Path, data: Path | None) -> list[str]:
    """The ways there are: the run's own, and each file that passes its check."""
    ways = ["plain PyTorch", "PyTorch"]
    for name, file in FILES.items():
        kind = "onnx" if file.endswith(".onnx") else "openvino"
        try:
            done = export(run, folder, kind=kind, int8="int8" in file, data=data)
        except InputError as error:
            print(f"no {name}: {error}")
            continue
        print(f"{name}: {figures(done.check)}")
        ways.append(name)
    return ways


def create_engine(way: str, run: Path, folder: Path, threads: int) -> Engine:
    """What computes in one of the ways."""
    torch.set_num_threads(threads)
    if way == "plain PyTorch":
        engine = TorchEngine([load_member(place) for place in member_folders(run)], torch.device("cpu"))
        for member in engine.members:
            member.classifier.to(memory_format=torch.contiguous_format)
            member.classifier.register_forward_pre_hook(lambda _, given: (given[0].contiguous(),))
        return engine
    if way == "PyTorch":
        return load_predictor(run, torch.device("cpu")).engine
    return (OnnxEngine if FILES[way].endswith(".onnx") else OpenVinoEngine)(folder / FILES[way], threads)


def measure(engine: Engine, batch: int, seconds: float) -> list[float]:
    """Seconds of each call, after calls that only warm up."""
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (batch, *t.output_size, 3)).astype(np.uint8) for t in engine.transforms]
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < 8:
        begin = time.perf_counter()
        engine.probabilities(images)
        taken.append(time.perf_counter() - begin)
    return taken[max(3, len(taken) // 10) :]


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
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each way, batch and turn")
    parser.add_argument("--way", help=argparse.SUPPRESS)  # the process that is measured
    parser.add_argument("--exported", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        engine = create_engine(arguments.way, arguments.run, arguments.exported, arguments.threads)
        print(json.dumps([measure(engine, batch, arguments.seconds) for batch in BATCHES]))
        return
    print(f"{describe_machine()}, {arguments.threads} threads", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ways = export_all(arguments.run, Path(folder), arguments.data)
        sys.argv += ["--exported", folder]
        turns = take_turns(ways, arguments.turns)
    for place, batch in enumerate(BATCHES):
        medians = {way: [float(np.median(turn[place])) for turn in told] for way, told in turns.items()}
        for way, told in turns.items():
            p50, p99 = np.quantile(np.concatenate([turn[place] for turn in told]), [0.5, 0.99])
            faster = [plain / own for plain, own in zip(medians["plain PyTorch"], medians[way], strict=True)]
            print(
                f"batch {batch:2}, {way:14}: {batch / p50:6.1f} photos/s, p50 {p50 * 1e3:6.1f} ms, "
                f"p99 {p99 * 1e3:6.1f} ms, {np.median(faster):.2f} x plain ({min(faster):.2f} to {max(faster):.2f})"
            )


if __name__ == "__main__":
    main()
