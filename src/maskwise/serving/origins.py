"""By which name a service was asked, and by whose page."""

from urllib.parse import urlsplit

from starlette.requests import Request

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def host_of(address: str) -> str | None:
    """The host of `http://name:port` or `name:port`, without its port and brackets; None for what is no address."""
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname
    except ValueError:
        return None


def asked_by_name(request: Request, hosts: tuple[str, ...]) -> bool:
    """Whether a service was asked by one of its names.

    A page elsewhere may have its own name lead to this machine (DNS rebinding): to the browser it is then the same
    site, and may read the answers.
    """
    return host_of(request.headers.get("host", "")) in hosts


def from_elsewhere(request: Request) -> bool:
    """Whether a browser sends this from another site's page.

    Browsers say so to HTTPS and to this machine; to plain HTTP they name the page's origin alone.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "cross-site"
    origin = request.headers.get("origin")
    return origin is not None and host_of(origin) != host_of(request.headers.get("host", ""))
