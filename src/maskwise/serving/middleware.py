"""What holds for every request: the token, the headers, an answer in JSON whatever fails, and the counts."""

import hmac
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from maskwise.serving.limits import BusyError, Limits
from maskwise.serving.metrics import ServiceMetrics
from maskwise.serving.origins import asked_by_name, from_elsewhere
from maskwise.serving.request_parsing import RefusedError

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_OPEN = ("/", "/healthz", "/readyz")
_KNOWN = ("/v1/predict", "/v1/explain", "/v1/model", "/metrics", "/openapi.json", *_OPEN)

_log = logging.getLogger("maskwise.serving")


def guard(
    app: FastAPI, metrics: ServiceMetrics, limits: Limits, token: str | None, hosts: tuple[str, ...] | None
) -> None:
    """Let nobody in without the `token` (but where anybody may) or by another name, and let nothing out but answers."""

    @app.middleware("http")
    async def around(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        begin = time.perf_counter()
        # Not request.url: that is put together from the Host header, which whoever asks can choose.
        path: str = request.scope["path"]
        if hosts is not None and not asked_by_name(request, hosts):
            response: Response = refusal(
                HTTPStatus.FORBIDDEN,
                f"Expected to be asked as {hosts[0]} or {hosts[1]}, got another name: see --allowed-host.",
            )
        elif token and path not in _OPEN and not _knows(request, token):
            response = refusal(HTTPStatus.UNAUTHORIZED, "Expected the header Authorization: Bearer TOKEN.")
            response.headers["WWW-Authenticate"] = "Bearer"
        elif request.method == "POST" and from_elsewhere(request):
            # Its script could not read the answer, but could have the service work for nothing.
            response = refusal(HTTPStatus.FORBIDDEN, "Expected no request from another site's page.")
        else:
            try:
                response = await go_on(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, who asked gets an answer
                # Where it failed, not with what: a message may hold a name or a part of a photo.
                _log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
                response = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Expected to answer, but failed.")
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        asked = path if path in _KNOWN else "other"
        metrics.requests.labels(asked, str(response.status_code)).inc()
        metrics.seconds.labels(asked).observe(time.perf_counter() - begin)
        return response

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        del request
        return refusal(error.status, error.reason)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> Response:
        del request, error
        response = refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, "Expected a free place, but too many photos wait: try again."
        )
        response.headers["Retry-After"] = str(limits.retry_after)
        return response

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        del request
        wrong = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        expected = "another method for this address" if wrong else "a known address"
        response = refusal(HTTPStatus(error.status_code), f"Expected {expected}: {error.detail}.")
        response.headers.update(error.headers or {})
        return response


def refusal(status: HTTPStatus, reason: str) -> JSONResponse:
    """Why there is no answer."""
    return JSONResponse({"error": reason}, int(status))


def _knows(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
