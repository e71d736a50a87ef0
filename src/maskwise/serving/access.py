"""Who may use the service: the host name in the request, the token, and no pages of other sites."""

import hmac
from http import HTTPStatus

from fastapi import Request, Response

from maskwise.serving.origins import has_known_host, is_cross_site
from maskwise.serving.refusals import refusal

OPEN_PATHS = ("/", "/healthz", "/readyz")
"""Paths that need no token."""


def refuse_access(request: Request, token: str | None, hosts: tuple[str, ...] | None) -> Response | None:
    """The answer to a request that is not allowed; None for one that is.

    Args:
        request: its path is read from the ASGI scope, because `request.url` is built from the Host header, which the
            client can choose.
        token: required on all but `OPEN_PATHS`; None where no token is needed.
        hosts: the allowed host names; None where any is allowed.
    """
    if hosts is not None and not has_known_host(request, hosts):
        return refusal(
            HTTPStatus.FORBIDDEN,
            f"Expected the Host header to be {hosts[0]} or {hosts[1]}, got another name. Whoever runs the service can "
            "allow more names.",
        )
    if token and request.scope["path"] not in OPEN_PATHS and not _has_token(request, token):
        response = refusal(HTTPStatus.UNAUTHORIZED, "Expected the header Authorization: Bearer TOKEN.")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if request.method == "POST" and is_cross_site(request):
        # A script of that site could not read the answer, but it could make the service compute.
        return refusal(HTTPStatus.FORBIDDEN, "Expected no request from another site's page.")
    return None


def _has_token(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
