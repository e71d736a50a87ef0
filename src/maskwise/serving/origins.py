"""The host name that a request was sent to, and the site whose page sent it."""

from urllib.parse import urlsplit

from starlette.requests import Request

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def host_of(address: str) -> str | None:
    """The host in `http://name:port` or `name:port`, without port and brackets; None for an invalid address."""
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname
    except ValueError:
        return None


def has_known_host(request: Request, hosts: tuple[str, ...]) -> bool:
    """Whether the request's Host header is one of the service's names.

    A page on another site can let its own host name resolve to this machine (DNS rebinding). To the browser the service
    then belongs to that site, and its scripts may read the answers.
    """
    return host_of(request.headers.get("host", "")) in hosts


def is_cross_site(request: Request) -> bool:
    """Whether a browser sent the request from another site's page.

    Browsers send Sec-Fetch-Site to HTTPS and to this machine; to plain HTTP they send the page's origin only.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "cross-site"
    origin = request.headers.get("origin")
    return origin is not None and host_of(origin) != host_of(request.headers.get("host", ""))
