"""The local page of `review`: the standard library's HTTP server, for one user on this machine."""

import json
import re
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from maskwise.audit.corrections_file import ChangedError
from maskwise.audit.review import Review
from maskwise.audit.review_view import ShownFinding
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
    """Serves one review on the loopback interface, under a secret address."""

    daemon_threads = True

    def __init__(self, review: Review, port: int = 0) -> None:
        self.review = review
        self.lock = threading.Lock()
        self.secret = secrets.token_urlsafe(16)
        try:
            super().__init__((_HOSTS[0], port), _Handler)
        except OSError as error:
            raise InputError(
                f"Expected port {port} to be free, got: {error.strerror}; choose another port."
            ) from error

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        """Ignore browsers that close the connection; report anything else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    @property
    def address(self) -> str:
        """The address of the page."""
        return f"http://{_HOSTS[0]}:{self.server_address[1]}/{self.secret}/"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Serve the page, the list of findings, one finding, or a photo."""
        match self._route():
            case [""]:
                nonce = secrets.token_urlsafe(16)
                page = render_page("review.html.j2", "maskwise.serving", nonce=nonce)
                self._answer(page.encode(), "text/html; charset=utf-8", policy=_POLICY.format(nonce=nonce))
            case ["findings"]:
                self._answer_json(lambda: asdict(self.server.review.overview()))
            case ["finding", number] if _NUMBER.fullmatch(number):
                self._answer_json(lambda: asdict(self.server.review.finding(int(number))))
            case ["photo", number] if _NUMBER.fullmatch(number):
                self._photo(int(number))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "Expected an address of this page.")

    def do_POST(self) -> None:
        """Take a decision, or undo the last one."""
        route = self._route()
        if route is None:
            self.close_connection = True  # the body of an unauthorized request is not read
            self._refuse(HTTPStatus.NOT_FOUND, "Expected an address of this page.")
            return
        # Pages of other sites can send forms, but no JSON without a CORS preflight, which is never answered.
        if self.headers.get("Content-Type") != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Expected application/json.")
            return
        content = self._content()
        if content is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "Expected a small JSON object.")
        elif route == ["decide"]:
            self._answer_json(lambda: asdict(self._decide(content)))
        elif route == ["undo"]:
            self._answer_json(lambda: {"place": self.server.review.undo()})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "Expected an address of this page.")

    def _decide(self, content: dict[str, object]) -> ShownFinding:
        place, accept, new = content.get("place"), content.get("accept"), content.get("new")
        if not isinstance(place, int) or isinstance(place, bool):
            raise InputError("Expected place to be the number of a finding.")
        if accept not in ("yes", "no", ""):
            raise InputError("Expected accept to be yes, no or empty.")
        if new is not None and not isinstance(new, str):
            raise InputError("Expected new to be text.")
        self.server.review.decide(place, accept, new)
        return self.server.review.finding(place)

    def _route(self) -> list[str] | None:
        """The parts of the path after the secret; None without the secret, or with another host name."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        try:
            parts = urlsplit(self.path).path.split("/")[1:]
        except ValueError:  # not a valid address
            return None
        known = parts and secrets.compare_digest(parts[0].encode(), self.server.secret.encode())
        return parts[1:] if known and host in _HOSTS else None

    def _content(self) -> dict[str, object] | None:
        """The JSON object of the request; None where it is too large or something else."""
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 <= length <= _MOST_BYTES:
                self.close_connection = True
                return None
            content = json.loads(self.rfile.read(length) or b"{}")
        except (ValueError, RecursionError):  # not JSON, or nested too deeply
            return None
        return content if isinstance(content, dict) else None

    def _answer_json(self, make: Callable[[], dict[str, object]]) -> None:
        """Answer with what `make` returns under the lock, or with its error."""
        try:
            with self.server.lock:
                content = make()
        except ChangedError as error:
            self._refuse(HTTPStatus.CONFLICT, str(error))
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except MaskwiseError as error:  # such as a full disk: earlier decisions are kept
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._answer(json.dumps(content).encode(), "application/json")

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

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        if status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            self.close_connection = True  # the body was not read
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
        """The name without versions."""
        return "maskwise"

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: requests name photos of persons."""
