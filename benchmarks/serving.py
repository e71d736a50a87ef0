"""Requests a second of `maskwise serve`, beside what decoding and the model do on the same cores without a server.

    python benchmarks/serving.py --model exported/model.xml [--photos DIR] [--clients 1 8 64] [--requests 20000]

The service has all cores but the last, which the clients have; the ceiling is measured on the service's cores, before
and after, in batches as large as the service makes them. A request is one photo; a client sends the next when it has
the answer to the last. Then `--requests` more are sent while the service's memory is watched. It fails when 8 or more
clients get less than `--least` of the ceiling, when anything is refused, when memory grows in the second half, or when
the service does not end by itself. Linux only: cores are pinned.
"""

import argparse
import asyncio
import atexit
import itertools
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.memory import growth, memory

LOOKS, GROWTH = 10, 1.05


def ceiling(model: Path, photos: list[bytes], seconds: float) -> float:
    """Photos a second of decoding, transform and model in this process, on the cores that it has."""
    from maskwise.data.photo_source import transform_content
    from maskwise.export.open_model import open_predictor
    from maskwise.inference.exported import open_model
    from maskwise.serving.limits import Limits

    engine = open_predictor(open_model(model)).engine
    n_cores, size = len(os.sched_getaffinity(0)), Limits().batch
    done, begin = 0, 0.0
    with ThreadPoolExecutor(n_cores) as pool:
        for turn in itertools.count():
            if turn == 3:  # behind a warm-up
                done, begin = 0, time.perf_counter()
            if turn > 3 and time.perf_counter() > begin + seconds:
                break
            batch = [photos[(done + k) % len(photos)] for k in range(size)]
            images = [
                np.stack(list(pool.map(lambda photo, t=transform: transform_content(photo, t), batch)))
                for transform in engine.transforms
            ]
            engine.probabilities(images)
            done += size
    return done / (time.perf_counter() - begin)


async def ask(port: int, photos: list[bytes], clients: int, *, seconds: float = 0, requests: int = 0) -> dict:
    """Send for some seconds, or so many requests; gives answers a second, seconds of each, and refusals."""
    taken: list[float] = []
    refused = sent = 0
    end = time.perf_counter() + seconds
    secure = ssl.create_default_context()

    async def go_on(number: int) -> None:
        nonlocal refused, sent
        # A connection of its own: a pool that 64 share takes most of the client's core, and lets some wait for seconds.
        async with httpx.AsyncClient(timeout=60, verify=secure) as client:
            while (sent < requests) if requests else (time.perf_counter() < end):
                sent += 1
                number += 7
                begin = time.perf_counter()
                answer = await client.post(
                    f"http://127.0.0.1:{port}/v1/predict",
                    content=photos[number % len(photos)],
                    headers={"Content-Type": "image/jpeg"},
                )
                if answer.status_code == 503:
                    refused += 1
                    await asyncio.sleep(float(answer.headers["Retry-After"]))
                    continue
                answer.raise_for_status()
                taken.append(time.perf_counter() - begin)

    begin = time.perf_counter()
    await asyncio.gather(*(go_on(k) for k in range(clients)))
    return {"rate": len(taken) / (time.perf_counter() - begin), "taken": taken, "refused": refused}


def start(model: Path, cores: set[int], errors: IO[bytes] | None = None) -> tuple[subprocess.Popen, int]:
    """The service on some cores, once it is ready, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = subprocess.Popen(
        [sys.executable, "-m", "maskwise.cli.main", "serve", str(model), "--port", str(port)],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        stdout=subprocess.DEVNULL,
        stderr=errors,
    )
    atexit.register(service.kill)  # whatever fails here, nothing is left running
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return service, port
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("Expected the service to be ready within a minute, but it is not.")


def draw_photos(folder: Path) -> Path:
    """A folder with photos of a few procedural people."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "maskwise.cli.main",
            "data",
            "people",
            str(folder / "people"),
            "--people",
            "8",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder / "people" / "train"


def main() -> None:
    """Print the ceiling, a line for each number of clients, and the memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="a run, or an exported file")
    parser.add_argument("--photos", type=Path, help="a folder of photos; procedural people by default")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--least", type=float, default=0.7, help="share of the ceiling, from 8 clients on")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument(
        "--ceiling", action="store_true", help=argparse.SUPPRESS
    )  # the process on fewer cores
    arguments = parser.parse_args()
    every = sorted(os.sched_getaffinity(0))
    if arguments.ceiling:
        paths = sorted(arguments.photos.rglob("*.jpg"))[:64]
        print(json.dumps(ceiling(arguments.model, [path.read_bytes() for path in paths], arguments.seconds)))
        return
    if len(every) < 2:
        parser.error("expected two cores or more: one for the clients")
    own, cores = {every[-1]}, set(every[:-1])
    print(f"{describe_machine()}; the service on {len(cores)} of them")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.photos or draw_photos(Path(temporary))
        photos = [path.read_bytes() for path in sorted(folder.rglob("*.jpg"))[:64]]

        def top() -> float:
            command = [sys.executable, __file__, "--model", str(arguments.model), "--photos", str(folder)]
            told = subprocess.run(
                [*command, "--seconds", str(arguments.seconds), "--ceiling"],
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
                check=True,
                capture_output=True,
                text=True,
            )
            return float(json.loads(told.stdout))

        before = top()
        service, port = start(arguments.model, cores)
        os.sched_setaffinity(0, own)
        told = {}
        for clients in arguments.clients:
            asyncio.run(ask(port, photos, clients, seconds=2))
            told[clients] = asyncio.run(ask(port, photos, clients, seconds=arguments.seconds))
        os.sched_setaffinity(0, set(every))
        after = top()
        most = (before + after) / 2
        faults = list[str]()
        print(f"decoding and model in one process: {before:.1f} photos/s before, {after:.1f} after")
        for clients, found in told.items():
            p50, p99 = np.quantile(found["taken"], [0.5, 0.99]) * 1e3
            if clients >= 8 and found["rate"] < arguments.least * most:
                faults.append(f"expected {arguments.least:.0%} of the ceiling with {clients} clients")
            if found["refused"]:
                faults.append(f"expected no refusal of {clients} clients")
            print(
                f"{clients:3} clients: {found['rate']:6.1f} requests/s, {found['rate'] / most:.0%} of that, "
                f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, {found['refused']} refused"
            )
        os.sched_setaffinity(0, own)
        step = max(1, arguments.requests // LOOKS)
        seen = [memory(service.pid)]
        for _ in range(LOOKS if arguments.requests else 0):
            asyncio.run(ask(port, photos, 16, requests=step))
            seen.append(memory(service.pid))
        print(f"memory, MB, every {step:,} requests: {', '.join(f'{mb:.0f}' for mb in seen)}")
        if growth(seen) > GROWTH:
            faults.append("expected memory to stay flat in the second half")
        service.send_signal(signal.SIGTERM)
        status = service.wait(timeout=75)
        print(f"ended with {status}")
        if status not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
            faults.append("expected the service to end by itself")
        if faults:
            sys.exit(f"FAILED: {'; '.join(faults)}")


if __name__ == "__main__":
    main()
