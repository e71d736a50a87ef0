"""What decoding costs is bounded before it is paid."""

import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from maskwise.data.decoding import decoding_cost, read_header
from maskwise.serving.app import create_app
from maskwise.serving.decoding_budget import DecodingBudget, photos_cost
from maskwise.serving.limits import BusyError, Limits
from maskwise.serving.refusals import RefusedError
from tests.opened import create_service
from tests.serving.running import jpeg


def bomb(side: int = 7_900) -> bytes:
    """A grey PNG of 62 megapixels in a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    packed, row = zlib.compressobj(9), bytes(side // 8 + 2)
    lines = b"".join(packed.compress(row[: -(-side // 8) + 1]) for _ in range(side)) + packed.flush()
    head = side.to_bytes(4, "big") * 2 + bytes((1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def test_a_form_of_bombs_is_refused_at_once(tiny_run: Path) -> None:
    content = bomb()
    with TestClient(create_app(create_service(tiny_run)), raise_server_exceptions=False) as client:
        begin = time.perf_counter()
        answer = client.post("/v1/predict", files=[("photos", (f"{k}.png", content)) for k in range(64)])
        assert answer.status_code == 413
        assert "megapixels together" in answer.json()["error"]
        assert time.perf_counter() - begin < 5
        assert client.post("/v1/predict", content=jpeg(), headers={"Content-Type": "image/jpeg"}).is_success


def test_a_client_has_a_share_and_all_have_a_limit() -> None:
    budget = DecodingBudget(replace(Limits(), client_pixels=100, waiting_pixels=150))
    with budget.reserve("a", 80):
        with pytest.raises(BusyError), budget.reserve("a", 30):
            pass
        with budget.reserve("b", 70), pytest.raises(BusyError), budget.reserve("c", 10):
            pass
    with budget.reserve("a", 100):
        pass
    assert not budget._of_client


def test_what_is_refused_anyway_costs_nothing_and_scans_cost_more() -> None:
    assert photos_cost([b"", b"<html>"], Limits()) == 0
    plain, progressive = jpeg(1), jpeg(1, progressive=True)
    header = read_header(plain)
    assert decoding_cost(plain, header) == header.height * header.width // 4
    assert decoding_cost(progressive, read_header(progressive)) > decoding_cost(plain, header)
    with pytest.raises(RefusedError):
        photos_cost([plain, plain], replace(Limits(), request_pixels=header.height * header.width // 4))
