"""Photos a second and latency of a run: plain eager PyTorch, maskwise's own, ONNX Runtime, OpenVINO, and as int8.

    python benchmarks/inference.py --run RUN [--data DATA] [--threads 1]

The run is exported into a temporary folder, each file checked against it. int8 is measured with the fastest and the
closest method, whether or not `export` would write it; how it compares with the run is printed. Then all engines take
turns, each in a process of its own, because allocator settings can't be undone. "Plain" is PyTorch as one writes it
first: contiguous tensors, the allocator's defaults. The input is transformed pixels; `input.py` measures the reading.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.turns import take_turns
from maskwise.export.calibration import calibration_photos
from maskwise.export.check_photos import photos_to_check
from maskwise.export.compare_with_run import describe_check, is_int8_good_enough
from maskwise.export.export_model import export
from maskwise.export.formats import FORMATS
from maskwise.export.graph import input_names
from maskwise.export.merge_run import merge_run
from maskwise.export.onnx_format import to_onnx
from maskwise.export.quantization import METHODS, QuantizationMethod, quantize
from maskwise.export.write_checked import Target, write_checked
from maskwise.inference.engine import Engine
from maskwise.inference.exported import exported_parts
from maskwise.inference.load_run import load_predictor
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.openvino_engine import OpenVinoEngine
from maskwise.inference.torch_engine import TorchEngine
from maskwise.models.member import load_member
from maskwise.runs.run import open_run

BATCHES = (1, 32)
PLAIN: dict[str, tuple[str, str]] = {
    "ONNX Runtime": ("onnx", "model.onnx"),
    "OpenVINO": ("openvino", "model.xml"),
}
INT8: dict[str, tuple[str, Callable[[Sequence[QuantizationMethod]], QuantizationMethod]]] = {
    "ONNX Runtime, fastest int8": ("onnx", itemgetter(0)),
    "ONNX Runtime, closest int8": ("onnx", itemgetter(-1)),
    "OpenVINO, fastest int8": ("openvino", itemgetter(0)),
    "OpenVINO, closest int8": ("openvino", itemgetter(-1)),
}
FILES = {name: file for name, (_, file) in PLAIN.items()} | {
    name: f"int8-{place}.{'onnx' if kind == 'onnx' else 'xml'}"
    for place, (name, (kind, _)) in enumerate(INT8.items())
}


def export_all(run: Path, folder: Path, data: Path | None) -> list[str]:
    """Write all files and say how large they are, how long that took and what they say; gives all ways there are."""
    for name, (kind, _) in PLAIN.items():
        begin = time.perf_counter()
        done = export(open_run(run), folder, kind=kind, data=data)
        seconds = time.perf_counter() - begin
        print(
            f"{name}: {done.bytes / 2**20:.1f} MB in {seconds:.0f} s, {describe_check(done.check)}",
            flush=True,
        )
    merged = merge_run(open_run(run), "int8")
    photos = photos_to_check(open_run(run), merged.predictor, data, int8=True)
    calibration = calibration_photos(photos.training, merged.card.transforms)
    graph = to_onnx(merged.graph)
    models = {name: known.from_onnx(graph) for name, known in FORMATS.items()}
    ways = list(PLAIN)
    for name, (kind, choose) in INT8.items():
        source, path = models[kind], folder / FILES[name]
        method = choose([method for method in METHODS if method.quantizes_anything(source)])
        target = Target(path, FORMATS[kind], merged.card, photos)
        check = write_checked(
            quantize(source, calibration, input_names(merged.card.transforms), method),
            target,
            method.describe(),
        )
        size = sum(part.stat().st_size for part in exported_parts(path)) / 2**20
        outcome = "passes" if is_int8_good_enough(check) else "refused"
        print(f"{name} ({method.describe()}): {size:.1f} MB, {describe_check(check)}: {outcome}", flush=True)
        ways.append(name)
    return ["plain PyTorch", "PyTorch", *ways]


def create_engine(way: str, run: Path, folder: Path, threads: int) -> Engine:
    """What computes in one of the ways."""
    torch.set_num_threads(threads)
    if way == "plain PyTorch":
        engine = TorchEngine(
            [load_member(place) for place in open_run(run).member_folders], torch.device("cpu")
        )
        for member in engine.members:
            member.classifier.to(memory_format=torch.contiguous_format)
            member.classifier.register_forward_pre_hook(lambda _, given: (given[0].contiguous(),))
        return engine
    if way == "PyTorch":
        return load_predictor(open_run(run), torch.device("cpu")).engine
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
        begin = time.perf_counter()
        engine = create_engine(arguments.way, arguments.run, arguments.exported, arguments.threads)
        opened = time.perf_counter() - begin
        print(json.dumps([[measure(engine, batch, arguments.seconds) for batch in BATCHES], opened]))
        return
    print(f"{describe_machine()}, {arguments.threads} threads", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ways = export_all(arguments.run, Path(folder), arguments.data)
        sys.argv += ["--exported", folder]
        turns = take_turns(ways, arguments.turns)
    for way, told in turns.items():
        print(f"{way:26} opened in {np.median([opened for _, opened in told]):.2f} s")
    for place, batch in enumerate(BATCHES):
        medians = {way: [float(np.median(turn[place])) for turn, _ in told] for way, told in turns.items()}
        for way, told in turns.items():
            p50, p99 = np.quantile(np.concatenate([turn[place] for turn, _ in told]), [0.5, 0.99])
            faster = [plain / own for plain, own in zip(medians["plain PyTorch"], medians[way], strict=True)]
            print(
                f"batch {batch:2}, {way:26}: {batch / p50:6.1f} photos/s, p50 {p50 * 1e3:6.1f} ms, "
                f"p99 {p99 * 1e3:6.1f} ms, {np.median(faster):.2f} x plain ({min(faster):.2f} to {max(faster):.2f})"
            )


if __name__ == "__main__":
    main()
