"""The service as a process: what it took it answers, what it says it logs, whom it lets in."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from maskwise.serving.limits import Limits
from maskwise.serving.server import create_server, open_listener
from tests.opened import create_service
from tests.serving.running import jpeg, running


def test_a_service_ends_after_answering_what_it_took(tiny_run: Path) -> None:
    with running(tiny_run) as (port, process):
        again = [sys.executable, "-m", "maskwise.cli.main", "serve", str(tiny_run), "--port", str(port)]
        taken = subprocess.run(again, capture_output=True, text=True, check=False)
        assert taken.returncode == 2
        assert "choose another port or host. See --port." in taken.stderr
        body, boundary = _form([jpeg()] * 64)
        answers: list[int] = []

        def ask(known: http.client.HTTPConnection) -> None:
            answer = known.getresponse()
            answers.append(len(json.loads(answer.read())["photos"]) if answer.status == 200 else 0)

        connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(4)]
        for known in connections:  # sent as a whole before the signal: taken
            known.request("POST", "/v1/predict", body, {"Content-Type": boundary})
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        threads = [threading.Thread(target=ask, args=(known,)) for known in connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [64] * 4
        assert process.wait(timeout=30) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
        assert "Traceback" not in process.stderr.read()


def test_nothing_of_what_is_sent_is_logged_and_only_this_machine_may_ask(tiny_run: Path) -> None:
    with running(tiny_run) as (port, process):
        body, boundary = _form([jpeg(), b"no photo"], name="holiday-secret")
        known = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for path, content, kind in (
            ("/v1/predict?holiday-secret", body, boundary),
            ("/v1/explain", body, boundary),
            ("/holiday-secret", body, boundary),
            ("/v1/predict", b'{"photos": [{"name": "holiday-secret"', "application/json"),
        ):
            known.request("POST", path, content, {"Content-Type": kind})
            answer = known.getresponse()
            told = answer.read()
            assert answer.status in (200, 400, 404, 422)
            if answer.status == 200:
                assert b"holiday-secret" in told  # the answer names its photos: the name did arrive
        # All of 127.0.0.0/8 is this machine, but only one address of it is listened on.
        if sys.platform == "linux":
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", port), timeout=5)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert "holiday" not in out + err


def _asked(connection: http.client.HTTPConnection) -> tuple[int, str | None]:
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.getheader("retry-after")


def test_connections_are_bounded_and_silent_ones_end(tiny_run: Path) -> None:
    service = replace(create_service(tiny_run), limits=Limits(connections=4, receive_seconds=1))
    server = create_server(service)
    listener = open_listener("127.0.0.1", 0)
    port = listener.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    for _ in range(600):
        if server.started:
            break
        time.sleep(0.05)
    try:
        first = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        assert _asked(first) == (200, None)
        silent = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(3)]
        silent[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: ")  # and no more
        assert _asked(first) == (200, None)
        late = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        assert _asked(late) == (503, "1")
        assert _asked(first) == (200, None)  # who is in stays in
        assert [one.recv(100) for one in silent] == [b""] * 3
        assert _asked(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) == (200, None)
    finally:
        server.should_exit = True
        thread.join(timeout=60)


def _form(photos: list[bytes], name: str = "a") -> tuple[bytes, str]:
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="photos"; filename="%b"\r\n\r\n' % name.encode()
        + photo
        + b"\r\n"
        for photo in photos
    )
    return parts + b"--b--\r\n", "multipart/form-data; boundary=b"
