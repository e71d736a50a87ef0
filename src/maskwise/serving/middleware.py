"""What happens around every request: access, security headers, failures, metrics."""

import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from maskwise.serving.access import OPEN_PATHS, refuse_access
from maskwise.serving.refusals import refusal
from maskwise.serving.service_metrics import ServiceMetrics

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_COUNTED_PATHS = ("/v1/predict", "/v1/explain", "/v1/model", "/metrics", "/openapi.json", *OPEN_PATHS)

_log = logging.getLogger("maskwise.serving")


def add_middleware(
    app: FastAPI, metrics: ServiceMetrics, token: str | None, hosts: tuple[str, ...] | None
) -> None:
    """Check access, add the headers, answer failures in JSON and count every request."""

    @app.middleware("http")
    async def around(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        begin = time.perf_counter()
        response = refuse_access(request, token, hosts)
        if response is None:
            try:
                response = await call_next(request)
            except Exception as error:  # noqa: BLE001 - the client gets an answer whatever failed
                # The place without the message, which may hold a file name or a part of a photo.
                _log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
                response = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Expected to answer, but failed.")
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        path: str = request.scope["path"]
        counted = path if path in _COUNTED_PATHS else "other"
        metrics.requests.labels(counted, str(response.status_code)).inc()
        metrics.seconds.labels(counted).observe(time.perf_counter() - begin)
        return response
