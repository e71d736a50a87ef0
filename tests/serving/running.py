"""A service in a process of its own, as its users run it."""

import io
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tests.pictures import picture

Process = subprocess.Popen[str]


def jpeg(seed: int = 0, **options: Any) -> bytes:
    """A photo's bytes."""
    stream = io.BytesIO()
    Image.fromarray(picture(seed)).save(stream, "JPEG", **options)
    return stream.getvalue()


@contextmanager
def running(run: Path, *options: str) -> Iterator[tuple[int, Process]]:
    """A service that is ready, by its port and its process; ended behind the block."""
    command = [sys.executable, "-m", "maskwise.cli.main", "serve", str(run), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while (told := re.search(r"http://127\.0\.0\.1:(\d+)/", line := process.stdout.readline())) is None:
            if not line:
                raise AssertionError(process.stderr.read() if process.stderr else "")
        port = int(told[1])
        wait_until_ready(port, process)
        yield port, process
    finally:
        process.terminate()
        try:
            process.wait(timeout=90)
        finally:
            process.kill()


def wait_until_ready(port: int, process: subprocess.Popen[str]) -> None:
    """Come back when the service takes photos."""
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(process.stderr.read())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the service did not become ready")
