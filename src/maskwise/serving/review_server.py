"""The local page of `review`: the standard library's server, for one person on this machine."""

import json
import re
import secrets
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from maskwise.audit.review import ChangedError, Review
from maskwise.data.decoding import PhotoError
from maskwise.errors import InputError, MaskwiseError
from maskwise.reporting.pages import render_page, small_jpeg

_HEIGHT = 320
_NUMBER = re.compile("[0-9]{1,9}")
_MOST_BYTES = 4096
_HOSTS = ("127.0.0.1", "localhost")
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class ReviewServer(ThreadingHTTPServer):
    """Serves one review on loopback, under an address that only who started it knows."""

    daemon_threads = True

    def __init__(self, review: Review, port: int = 0) -> None:
        self.review = review
        self.lock = threading.Lock()
        self.secret = secrets.token_urlsafe(16)
        try:
            super().__init__((_HOSTS[0], port), _Handler)
        except OSError as error:
            raise InputError(
                f"Expected port {port} to be free, got: {error.strerror}; choose another --port."
            ) from error

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        """A browser that goes away in the middle is no news; anything else is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{_HOSTS[0]}:{self.server_address[1]}/{self.secret}/"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """The page, the findings, a finding, a photo."""
        match self._place():
            case [""]:
                nonce = secrets.token_urlsafe(16)
                page = render_page("review.html.j2", "maskwise.serving", nonce=nonce)
                self._answer(page.encode(), "text/html; charset=utf-8", policy=_POLICY.format(nonce=nonce))
            case ["findings"]:
                with self.server.lock:
                    content = self.server.review.overview()
                self._tell(content)
            case ["finding", number] if _NUMBER.fullmatch(number):
                self._told(lambda: self.server.review.finding(int(number)))
            case ["photo", number] if _NUMBER.fullmatch(number):
                self._photo(int(number))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "Expected an address of this page.")

    def do_POST(self) -> None:
        """A decision, or an undo."""
        place = self._place()
        if place is None:
            self.close_connection = True  # a stranger's body is not read
            self._refuse(HTTPStatus.NOT_FOUND, "Expected an address of this page.")
            return
        # Another site's page can send a form, but no JSON without being asked for leave, which is never given.
        if self.headers.get("Content-Type") != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Expected application/json.")
            return
        content = self._content()
        if content is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "Expected a small JSON object.")
        elif place == ["decide"]:
            self._told(lambda: self._decide(content))
        elif place == ["undo"]:
            self._told(lambda: {"place": self.server.review.undo()})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "Expected an address of this page.")

    def _decide(self, content: dict[str, Any]) -> dict[str, Any]:
        place, accept, new = content.get("place"), content.get("accept"), content.get("new")
        if not isinstance(place, int) or isinstance(place, bool) or accept not in ("yes", "no", ""):
            raise InputError("Expected a place and accept to be yes, no or nothing.")
        if new is not None and not isinstance(new, str):
            raise InputError("Expected new to be text.")
        self.server.review.decide(place, accept, new)
        return self.server.review.finding(place)

    def _place(self) -> list[str] | None:
        """The parts of the address behind the secret; None for who does not know it, or came by another name."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        try:
            parts = urlsplit(self.path).path.split("/")[1:]
        except ValueError:  # no address at all
            return None
        known = parts and secrets.compare_digest(parts[0].encode(), self.server.secret.encode())
        return parts[1:] if known and host in _HOSTS else None

    def _content(self) -> dict[str, Any] | None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= _MOST_BYTES:
                self.close_connection = True
                return None
            content = json.loads(self.rfile.read(length) or b"{}")
        except (ValueError, RecursionError):  # no JSON, or nested beyond reason
            return None
        return content if isinstance(content, dict) else None

    def _told(self, make: Any) -> None:  # noqa: ANN401 - a function of no arguments
        try:
            with self.server.lock:
                content = make()
        except ChangedError as error:
            self._refuse(HTTPStatus.CONFLICT, str(error))
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except MaskwiseError as error:  # a full disk, say: what was decided before is kept
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._tell(content)

    def _photo(self, number: int) -> None:
        paths = self.server.review.paths
        try:
            content = small_jpeg(paths[number], _HEIGHT)
        except IndexError:
            self._refuse(HTTPStatus.NOT_FOUND, "Expected a photo of this review.")
        except PhotoError as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))
        else:
            self._answer(content, "image/jpeg", cache="private, max-age=3600")

    def _tell(self, content: dict[str, Any]) -> None:
        self._answer(json.dumps(content).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        if status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            self.close_connection = True  # its body was not read
        self._answer(json.dumps({"error": reason}).encode(), "application/json", status=status)

    def _answer(
        self,
        content: bytes,
        kind: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        cache: str = "no-store",
        policy: str = "default-src 'none'",
    ) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Cache-Control": cache,
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def version_string(self) -> str:
        """Nobody needs to know versions."""
        return "maskwise"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: photos' numbers are nobody's business."""
