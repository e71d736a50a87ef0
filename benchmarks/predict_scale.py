"""One folder of very many photos through `predict`: memory as it goes on, a kill on the way, and the call again.

    python benchmarks/predict_scale.py --run RUN --photos 1000000

Small JPEGs are written once, one in a thousand broken. The command is killed when a third is done and called again;
then the output is held against the folder: each photo once, in order, only the broken ones with an error. It
fails where that is not so, or where memory grows behind the middle of a call.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl
import simplejpeg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.memory import growth, memory
from maskwise.inference.resumable_parts import PART_SIZE

EVERY, DIFFERENT, LOOKS, GROWTH = 1000, 500, 10, 1.15


def main() -> None:
    """Write the photos, predict them, print what was seen."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, required=True, help="a run folder, or an exported file")
    parser.add_argument("--photos", type=int, default=1_000_000)
    parser.add_argument("--backend", default=None, help="as of predict; the model's own by default")
    parser.add_argument("--folder", type=Path, help="where the photos go; a temporary folder by default")
    arguments = parser.parse_args()
    print(describe_machine(), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary) / "photos"
        _write(folder, arguments.photos)
        out = Path(temporary) / "predictions.parquet"
        command = ["predict", str(arguments.run), str(folder), "--out", str(out)]
        command += ["--backend", arguments.backend] if arguments.backend else []
        _follow(command, out, 0, arguments.photos // 3, kill=True)
        _follow(command, out, arguments.photos // 3, arguments.photos, kill=False)
        _check(out, folder, arguments.photos)


def _write(folder: Path, n_photos: int) -> None:
    """So many photos in one folder; those that are there already are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    if sum(1 for _ in os.scandir(folder)) > n_photos:
        sys.exit(f"Expected {folder} to hold at most {n_photos:,} photos: name another --folder.")
    contents = [
        simplejpeg.encode_jpeg(
            np.kron(
                np.random.default_rng(k).integers(0, 256, (4, 4, 3), np.uint8), np.ones((8, 6, 1), np.uint8)
            )
        )
        for k in range(DIFFERENT)
    ]
    for number in range(n_photos):
        path = folder / f"{number:08d}.jpg"
        if not path.exists():
            path.write_bytes(b"broken" if number % EVERY == 0 else contents[number % DIFFERENT])


def _follow(command: list[str], out: Path, begin: int, end: int, *, kill: bool) -> None:
    """Run the command from `begin` photos to `end`, print its memory on the way and what it said."""
    parts = out.with_name(f"{out.name}.parts")
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "maskwise.cli.main", *command], stdout=subprocess.PIPE, text=True
    )
    seen = list[float]()
    done, looks = 0, [begin + (end - begin) * k // LOOKS for k in range(1, LOOKS)]
    while process.poll() is None:
        with suppress(OSError, RuntimeError):  # the parts are removed, the process ends
            done = (sum(1 for _ in os.scandir(parts)) - 1) * PART_SIZE
            while looks and done >= looks[0]:
                seen.append(memory(process.pid))
                print(f"{looks.pop(0):,} photos, {seen[-1]:.0f} MB", flush=True)
        if kill and done >= end:
            process.kill()
        time.sleep(0.5)
    seconds = time.perf_counter() - begun
    assert process.stdout is not None
    print(process.stdout.read().strip())
    if kill == (process.returncode == 0) or process.returncode > 0:
        sys.exit(
            f"FAILED: expected the command to {'be killed' if kill else 'end'}, got {process.returncode}"
        )
    if growth(seen) > GROWTH:
        sys.exit(f"FAILED: expected memory to stay flat, got {', '.join(f'{mb:.0f}' for mb in seen)} MB")
    how = "killed" if kill else "ended"
    print(f"{how} after {seconds:.0f} s, {(end - begin) / seconds:.0f} photos/s", flush=True)


def _check(out: Path, folder: Path, n_photos: int) -> None:
    told = pl.read_parquet(out, columns=["photo", "error"])
    expected = [str(folder / f"{number:08d}.jpg") for number in range(n_photos)]
    if told["photo"].to_list() != expected:
        sys.exit("FAILED: expected each photo once, in order")
    broken = told.filter(pl.col("error").is_not_null())["photo"].to_list()
    if broken != expected[::EVERY]:
        sys.exit(f"FAILED: expected errors for the {n_photos // EVERY:,} broken photos, got {len(broken):,}")
    print(f"{n_photos:,} rows, each photo once and in order; {len(broken):,} broken ones with an error")


if __name__ == "__main__":
    main()
