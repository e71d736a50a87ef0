"""The page in a real browser."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maskwise.files import read_json
from tests.serving.browser import browser_page
from tests.serving.running import jpeg, running


@contextmanager
def page_of(run: Path, *options: str, width: int, height: int) -> Iterator[Any]:
    """The page of a service of its own."""
    with (
        running(run, *options) as (port, _),
        browser_page(f"http://127.0.0.1:{port}/", width=width, height=height) as page,
    ):
        yield page


def test_a_locked_page_asks_for_its_token_and_loses_no_photo(tiny_run: Path, tmp_path: Path) -> None:
    token = "a-long-enough-token"
    (tmp_path / "token").write_text(token + "\n")
    for k in range(20):
        (tmp_path / f"{k:02d}.jpg").write_bytes(jpeg(k))
    with page_of(tiny_run, "--token-file", str(tmp_path / "token"), width=1280, height=900) as page:
        page.get_by_text("Expected the header Authorization").wait_for()
        assert not page.get_by_role("button", name="Clear").is_visible()
        assert not page.get_by_role("button", name="Download as a table").is_visible()
        page.set_input_files("#files", [str(path) for path in sorted(tmp_path.glob("*.jpg"))])
        page.locator("article").nth(19).wait_for()
        assert page.locator("article .error").count() == 20  # told, not lost
        page.get_by_label("Access token").fill(token)
        page.keyboard.press("Tab")
        page.get_by_text("AI Act").wait_for()
        page.get_by_role("button", name="Try again").first.click()
        page.locator("article .label").first.wait_for()
        assert page.locator("article").count() == 20
        assert page.locator("article .error").count() == 19
        refused = [said for said in page.troubles if "401" not in said]
        assert not refused


def test_the_page_is_used_by_keys_alone_camera_included(tiny_run: Path) -> None:
    with page_of(tiny_run, width=1280, height=900) as page:
        page.get_by_text("AI Act").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "files"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "camera"
        page.keyboard.press("Enter")
        page.locator("#snap:focus").wait_for()  # when there is a picture to take
        page.keyboard.press("Enter")
        page.locator("article .label").first.wait_for()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "camera"
        assert not page.troubles


_TRANSFER = """([text, kind]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  transfer.items.add(new File([bytes], `${kind}.jpg`, {type: "image/jpeg"}));
  const how = {bubbles: true, cancelable: true};
  document.querySelector("#drop").dispatchEvent(kind === "drop"
    ? new DragEvent("drop", {dataTransfer: transfer, ...how})
    : new ClipboardEvent("paste", {clipboardData: transfer, ...how}));
}"""


def test_photos_are_dropped_and_pasted_on_a_page_that_says_what_it_does(tiny_run: Path) -> None:
    with page_of(tiny_run, width=1280, height=900) as page:
        page.get_by_text("AI Act").wait_for()
        for place, kind in enumerate(("drop", "paste")):
            page.evaluate(_TRANSFER, [base64.b64encode(jpeg(place)).decode(), kind])
            page.locator("article .label").nth(3 * place).wait_for()
            assert page.locator("article .name").nth(place).inner_text() == f"{kind}.jpg"
        words = page.locator("main").inner_text()
        assert "sent to this service, answered, and forgotten" in words
        low, high = read_json(tiny_run / "metrics.json")["macro_f1"]["ci95"]
        assert f"({low:.3f} to {high:.3f})" in words
        assert "held out of training" in words
        assert "not for decisions about people" in words
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not page.troubles


def test_results_are_reached_by_keys_alone(tiny_run: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1))

    def focused() -> str:
        return str(page.evaluate("document.activeElement.textContent"))

    with page_of(tiny_run, width=390, height=844) as page:
        page.get_by_text("AI Act").wait_for()
        page.on("filechooser", lambda _: None)  # else the key may come before the browser tells of choosers
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "files"
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(str(tmp_path / "a.jpg"))
        page.locator("article .label").first.wait_for()
        page.keyboard.press("Tab")  # the camera
        page.keyboard.press("Tab")
        assert focused() == "Where it looked"
        page.keyboard.press("Enter")
        page.locator("article canvas").wait_for()
        assert focused() == "for mask"
        page.keyboard.press("Tab")
        with page.expect_download() as waiting:
            page.keyboard.press("Enter")
        assert waiting.value.suggested_filename == "maskwise.csv"
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator("article").count() == 0
        assert not page.troubles


def test_somebody_tries_the_page_in_a_browser(tiny_run: Path, tmp_path: Path) -> None:
    for k in range(3):
        (tmp_path / f"{k}.jpg").write_bytes(jpeg(k))
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    with page_of(tiny_run, width=390, height=844) as page:
        page.get_by_text("AI Act").wait_for()
        page.set_input_files("#files", [str(path) for path in sorted(tmp_path.glob("*.jpg"))])
        page.locator("article").nth(3).wait_for()
        assert page.locator("article .error").count() == 1
        assert page.locator("article").first.locator(".label").count() == 3
        words = page.locator("article").first.inner_text()
        assert all(value in words for value in ("worn", "incorrect", "none", "female", "30-59", ">=60"))
        page.get_by_role("button", name="Where it looked").first.click()
        page.locator("article canvas").wait_for()
        # Over the photo, all of which this model sees.
        boxes = [page.locator(f"article .look {kind}").first.bounding_box() for kind in ("img", "canvas")]
        assert boxes[0] == boxes[1]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download as a table").click()
        lines = Path(waiting.value.path()).read_text().splitlines()
        assert len(lines) == 5
        assert lines[0].startswith("photo,class,mask,mask_probability,gender")
        page.get_by_role("button", name="Clear").click()
        assert page.locator("article").count() == 0
        assert not page.troubles
