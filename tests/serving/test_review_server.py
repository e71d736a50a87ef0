import csv
import json
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maskwise.audit.review import open_review
from maskwise.audit.run_audit import audit
from maskwise.errors import InputError
from maskwise.serving.review_server import ReviewServer
from tests.pictures import make_people, write_table
from tests.serving.browser import browser_page


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 persons of whom one has the other gender and two share a photo."""
    folder = tmp_path_factory.mktemp("audited")
    data = make_people(folder / "data", 60)
    folders = sorted((data / "images").iterdir())
    (folders[4] / "mask1.jpg").write_bytes((folders[3] / "mask1.jpg").read_bytes())
    with (data / "train.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rows[10]["gender"] = "female" if rows[10]["gender"] == "male" else "male"
    write_table(data / "train.csv", tuple(rows[0]), [tuple(row.values()) for row in rows])
    audit(data, folder / "audit", photos_in_report=False)
    return folder / "audit"


@pytest.fixture
def folder(audited: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited, tmp_path / "audit"))


@pytest.fixture
def server(folder: Path) -> Iterator[ReviewServer]:
    with ReviewServer(open_review(folder)) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def call(url: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=kind | headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def accepted(folder: Path) -> dict[str, str]:
    with (folder / "corrections.csv").open(encoding="utf-8") as stream:
        return {row["finding"]: row["accept"] for row in csv.DictReader(stream)}


def test_the_page_its_findings_photos_and_decisions(server: ReviewServer, folder: Path) -> None:
    status, headers, page = call(server.address)
    assert status == 200
    assert b"undecided only" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    listed = json.loads(call(server.address + "findings")[2])["findings"]
    kinds = [entry[1] for entry in listed]
    assert {"identical photo", "wrong gender"} <= set(kinds)
    place = kinds.index("wrong gender")
    finding = json.loads(call(f"{server.address}finding/{place}")[2])
    status, headers, photo = call(f"{server.address}photo/{finding['photos'][0]['row']}")
    assert (status, headers["Content-Type"], photo[:2]) == (200, "image/jpeg", b"\xff\xd8")
    status, _, answer = call(server.address + "decide", {"place": place, "accept": "yes"})
    assert json.loads(answer)["rows"][0]["accept"] == "yes"
    assert accepted(folder)[listed[place][0]] == "yes"
    assert json.loads(call(server.address + "undo", {})[2]) == {"place": place}
    assert set(accepted(folder).values()) == {""}


def test_strangers_and_nonsense_get_nothing(server: ReviewServer, folder: Path) -> None:
    port = server.server_address[1]
    assert call(f"http://127.0.0.1:{port}/")[0] == 404
    assert call(f"http://127.0.0.1:{port}/guess/findings")[0] == 404
    assert call(server.address + "findings", Host=f"evil.example:{port}")[0] == 404
    for path in (
        "photo/99999999",
        "photo/-1",
        "photo/../../etc/passwd",
        "finding/x",
        "nowhere",
        f"finding/{'9' * 5000}",
    ):
        assert call(server.address + path)[0] == 404
    assert call(server.address + "finding/99999")[0] == 400
    assert call(server.address + "decide", b"{}", **{"Content-Type": "text/plain"})[0] == 415
    for body in (
        b"[1]",
        b"{broken",
        b"[" * 4000,
        {"place": True, "accept": "yes"},
        b"{}" + b" " * 5000,
        {"place": "0", "accept": "yes"},
        {"place": 0, "accept": "maybe"},
        {"place": 0, "accept": "yes", "new": 3},
        {"place": -1, "accept": "yes"},
    ):
        status, _, answer = call(server.address + "decide", body)
        assert status == 400
        assert json.loads(answer)["error"].startswith("Expected")
    assert call(f"http://127.0.0.1:{port}/guess/decide", {"place": 0, "accept": "yes"})[0] == 404
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"GET //[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b" 404 " in raw.recv(100)
    assert set(accepted(folder).values()) == {""}
    (folder / "corrections.csv").write_bytes((folder / "corrections.csv").read_bytes() + b"\n")
    assert call(server.address + "decide", {"place": 0, "accept": "yes"})[0] == 409


def test_a_port_in_use_is_one_line(server: ReviewServer, folder: Path) -> None:
    with pytest.raises(InputError, match="choose another port"):
        ReviewServer(open_review(folder), server.server_address[1])


def test_a_person_decides_by_keys_and_clicks_in_a_browser(server: ReviewServer, folder: Path) -> None:
    with browser_page(server.address) as page:
        total = len(accepted(folder))
        page.get_by_text(f"0 of {total} decided").wait_for()
        assert page.locator("figure.affected img").first.evaluate("image => image.decode().then(() => true)")
        page.keyboard.press("y")
        page.get_by_text(f"1 of {total} decided").wait_for()
        page.get_by_role("button", name="Reject").click()
        page.get_by_text(f"2 of {total} decided").wait_for()
        assert sorted(v for v in accepted(folder).values() if v) == ["no", "yes"]
        page.keyboard.press("u")
        page.get_by_text(f"1 of {total} decided").wait_for()
        page.select_option("#kind", label=f"wrong gender ({_count(folder, 'wrong gender')})")
        page.locator("h1", has_text="wrong gender").wait_for()
        name = page.locator("h1").inner_text().split(" ")[0]
        page.select_option("#values", "male")
        page.keyboard.press("Enter")  # the choice, by key
        page.get_by_text(f"2 of {total} decided").wait_for()
        page.keyboard.press("u")  # and keys decide again, whatever had the focus
        page.get_by_text(f"1 of {total} decided").wait_for()
        page.keyboard.press("o")
        page.select_option("#values", "male")
        page.get_by_role("button", name="Accept this").click()
        page.get_by_text(f"2 of {total} decided").wait_for()
        with (folder / "corrections.csv").open(encoding="utf-8") as stream:
            row = next(row for row in csv.DictReader(stream) if row["finding"] == name)
        assert (row["new"], row["accept"]) == ("male", "yes")
        assert not page.troubles


def _count(folder: Path, kind: str) -> int:
    with (folder / "findings.csv").open(encoding="utf-8") as stream:
        return sum(row["kind"] == kind for row in csv.DictReader(stream))
