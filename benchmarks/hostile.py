"""What broken and hostile requests do to `maskwise serve`, and what a kill does to those who wait for an answer.

    python benchmarks/hostile.py --model exported/model.xml [--bodies 2000]

Bodies are photos, forms and JSON with bytes changed, cut off or multiplied, pictures that unpack to gigabytes, and
connections that end in the middle or speak no HTTP. Every answer is counted by its status; the service's memory is
told every tenth of the way, and a good photo has to be answered at the end. Then 64 clients ask at once and the service
is ended, first politely, then by SIGKILL. Linux only.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.memory import growth, memory
from benchmarks.serving import start

LOOKS = 10
GROWTH = 1.1  # of memory in the second half


def pictures(draw: random.Random) -> dict[str, bytes]:
    """Photos of every kind that the service reads, small, and some that are not what they seem."""
    pixels = np.random.default_rng(draw.randrange(2**32)).integers(0, 256, (96, 72, 3), dtype=np.uint8)
    made = {}
    for kind, mode in (("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "I;16"), ("WEBP", "RGB")):
        image = Image.fromarray(pixels)
        if mode == "I;16":
            image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
        elif mode != "RGB":
            image = image.convert(mode)
        stream = io.BytesIO()
        image.save(stream, kind)
        made[f"{kind} {mode}"] = stream.getvalue()
    for side in (3_000, 20_000, 60_000):
        stream = io.BytesIO()
        Image.new("1", (side, side)).save(stream, "PNG")
        made[f"bomb {side}"] = stream.getvalue()
    frames = io.BytesIO()
    Image.fromarray(pixels).save(frames, "GIF", save_all=True, append_images=[Image.new("RGB", (72, 96))] * 9)
    return made | {"GIF": frames.getvalue()}


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Some bytes changed, the end cut off, or a part repeated."""
    body = bytearray(content)
    for _ in range(draw.randrange(6)):
        place = draw.randrange(len(body))
        body[place : place + draw.randrange(4)] = draw.randbytes(draw.randrange(5))
    if draw.random() < 0.3:
        del body[draw.randrange(len(body)) :]
    if draw.random() < 0.1:
        body *= draw.randrange(2, 50)
    return bytes(body)


def broken_request(known: list[bytes], draw: random.Random) -> tuple[bytes, str]:
    """A body and the type that it says it has."""
    content = draw.choice(known)
    kind = draw.randrange(5)
    if kind == 0:
        return damaged(content, draw), draw.choice(["image/jpeg", "image/png", "application/octet-stream"])
    if kind == 1:
        entry = {
            "name": draw.choice(["a.jpg", "\0", "../x", "\ud83d", "x" * 5000]),
            "content": base64.b64encode(content).decode(),
        }
        body = json.dumps({"photos": [entry] * draw.randrange(70)}).encode()
        return damaged(body[:20_000_000], draw), "application/json"
    if kind == 2:
        part = (
            b'--b\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\n' + content + b"\r\n"
        )
        return damaged(part * draw.randrange(1, 5) + b"--b--\r\n", draw), "multipart/form-data; boundary=b"
    if kind == 3:
        return draw.choice([b"[", b'{"photos":']) * draw.randrange(1, 200_000), "application/json"
    return draw.randbytes(draw.randrange(2000)), draw.choice(
        ["", "x/y", "application/json", "multipart/form-data", "text/plain; charset=\xff"]
    )


def rudely(port: int, content: bytes, draw: random.Random) -> None:
    """Send what is no request, or the half of one, and go."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        kind = draw.randrange(4)
        head = "POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
        head += f"Content-Length: {2 * len(content)}\r\n\r\n"
        if kind == 0:
            line.sendall(draw.randbytes(200))
        elif kind == 1:
            line.sendall(head.encode() + content)  # and never the other half
        elif kind == 2:
            line.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + content
            )
        else:
            line.sendall(b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n")


async def send_broken(port: int, process: int, n_bodies: int) -> None:
    """Send them, and print what came back and how the memory went."""
    draw = random.Random(0)
    known = list(pictures(draw).values())
    good = known[0]
    told: Counter[str] = Counter()
    seen = [memory(process)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:

        async def send() -> None:
            if draw.random() < 0.1:
                await asyncio.to_thread(rudely, port, draw.choice(known), draw)
                told["gone before an answer"] += 1
                return
            body, kind = broken_request(known, draw)
            path = "/v1/explain" if draw.random() < 0.05 else "/v1/predict"
            answer = await client.post(path, content=body, headers={"Content-Type": kind.encode("latin-1")})
            json.loads(answer.content)
            told[str(answer.status_code)] += 1

        for _ in range(LOOKS):
            for _ in range(n_bodies // LOOKS // 8):
                await asyncio.gather(*(send() for _ in range(8)))
            seen.append(memory(process))
        answer = await client.post("/v1/predict", content=good, headers={"Content-Type": "image/jpeg"})
        assert answer.json()["photos"][0]["error"] is None, answer.text
    print("; ".join(f"{status}: {n:,}" for status, n in sorted(told.items())))
    print(f"memory, MB, every tenth: {', '.join(f'{mb:.0f}' for mb in seen)}; a good photo is answered")
    if failed := [status for status in told if status.startswith("5") and status != "503"]:
        raise SystemExit(f"Expected no answer of 500 or more but 503, got {', '.join(failed)}.")
    if growth(seen) > GROWTH:
        raise SystemExit(f"Expected memory to stay as it was halfway, got {growth(seen):.2f} times.")


async def kill_during(service: subprocess.Popen, port: int, how: signal.Signals, content: bytes) -> None:
    """End the service while 64 clients ask, and print what they get."""
    told: Counter[str] = Counter()

    async def ask(client: httpx.AsyncClient) -> None:
        while True:
            try:
                answer = await client.post(
                    "/v1/predict", content=content, headers={"Content-Type": "image/jpeg"}
                )
            except httpx.HTTPError as error:
                told[type(error).__name__] += 1
                return
            whole = answer.json()["photos"][0]["error"] is None if answer.status_code == 200 else True
            told[f"{answer.status_code}{'' if whole else ', not whole'}"] += 1

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        asking = [asyncio.create_task(ask(client)) for _ in range(64)]
        await asyncio.sleep(2)
        service.send_signal(how)
        await asyncio.gather(*asking)
    code = service.wait(timeout=60)
    print(f"{how.name}: clients got {dict(told)}; the service ended with {code}")


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="a run, or an exported file")
    parser.add_argument("--bodies", type=int, default=2000)
    arguments = parser.parse_args()
    print(describe_machine())
    cores = os.sched_getaffinity(0)
    good = pictures(random.Random(0))["JPEG RGB"]
    with tempfile.TemporaryFile() as said:
        service, port = start(arguments.model, cores, said)
        asyncio.run(send_broken(port, service.pid, arguments.bodies))
        asyncio.run(kill_during(service, port, signal.SIGTERM, good))
        asyncio.run(kill_during(*start(arguments.model, cores, said), signal.SIGKILL, good))
        said.seek(0)
        lines = said.read()
    print(f"the service wrote {lines.count(b'Traceback')} tracebacks, {len(lines.splitlines())} lines")
    if b"Traceback" in lines:
        raise SystemExit("Expected no traceback.")


if __name__ == "__main__":
    main()
