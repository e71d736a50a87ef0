import asyncio
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskwise.cli.main import app
from maskwise.errors import InputError
from maskwise.serving.server import open_listener

UNIT = Path(__file__).resolve().parents[2] / "docs" / "maskwise.service"


def test_the_unit_in_the_documents_starts_what_there_is(tmp_path: Path) -> None:
    start = next(line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart="))
    words = start.partition("=")[2].split()
    told = CliRunner().invoke(app, ["serve", "--help"]).stdout
    assert words[1] == "serve"
    options = [word for word in words if word.startswith("--")]
    assert options
    assert all(option in told for option in options)
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here to check the unit with")
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace(words[0], shutil.which("true") or "/bin/true"))
    checked = subprocess.run(
        ["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert not checked.stderr


def test_answers_go_out_at_once() -> None:
    async def told() -> int:
        asked = asyncio.Event()
        delays: list[int] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            del reader
            taken = writer.get_extra_info("socket")
            delays.append(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()
            asked.set()

        listener = open_listener("127.0.0.1", 0)
        async with await asyncio.start_server(answer, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            await asked.wait()
            writer.close()
        return delays[0]

    assert asyncio.run(told()) != 0


def test_a_port_that_is_taken_is_told() -> None:
    with open_listener("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"127.0.0.1:{port} to be free"):
            open_listener("127.0.0.1", port)
