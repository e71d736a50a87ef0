"""The page in the browser to try the service."""

import secrets

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from maskwise.reporting.pages import render_page

_POLICY = (
    "default-src 'none'; img-src 'self' blob: data:; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; "
    "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def create_page_route(*, locked: bool) -> APIRouter:
    """The route `/`; a locked page has a field for the token."""
    routes = APIRouter()

    @routes.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> Response:
        nonce = secrets.token_urlsafe(16)
        html = render_page("try.html.j2", "maskwise.serving", nonce=nonce, locked=locked)
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY.format(nonce=nonce)})

    return routes
