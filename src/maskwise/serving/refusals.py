"""Requests that are not answered: the errors behind them, and their answers in JSON."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from maskwise.serving.limits import BusyError, Limits


class RefusedError(Exception):
    """A request that can't be answered, with the status and the reason to send."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def refusal(status: HTTPStatus, reason: str) -> JSONResponse:
    """The answer to a refused request; its schema is `schemas.Refusal`."""
    return JSONResponse({"error": reason}, int(status))


def add_error_handlers(app: FastAPI, limits: Limits) -> None:
    """Answer refused requests, a busy service, unknown paths and wrong methods in JSON."""

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        del request
        return refusal(error.status, error.reason)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> Response:
        del request, error
        response = refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Expected a free place, but too many photos are waiting: try again.",
        )
        response.headers["Retry-After"] = str(limits.retry_after)
        return response

    @app.exception_handler(HTTPException)
    async def not_routed(request: Request, error: HTTPException) -> Response:
        del request
        wrong_method = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        expected = "another method for this address" if wrong_method else "a known address"
        response = refusal(HTTPStatus(error.status_code), f"Expected {expected}: {error.detail}.")
        response.headers.update(error.headers or {})
        return response
