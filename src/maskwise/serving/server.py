"""Run the service with uvicorn until a signal ends it."""

import socket

import uvicorn

from maskwise.errors import InputError
from maskwise.serving.app import create_app
from maskwise.serving.connection_limits import create_protocol
from maskwise.serving.service import Service

_GRACE_SECONDS = 5
"""Added to the time that a running request may take, before a shutdown gives up on it."""


def run_service(service: Service, listener: socket.socket) -> None:
    """Serve on a bound socket until SIGINT or SIGTERM; requests that have begun are answered before it ends."""
    create_server(service).run(sockets=[listener])


def create_server(service: Service) -> uvicorn.Server:
    """The server of a service, for sockets that are bound already."""
    limits = service.limits
    config = uvicorn.Config(
        create_app(service),
        http=create_protocol(limits),
        log_level="warning",
        access_log=False,
        server_header=False,
        # A request that has begun may take this long to be received and answered.
        timeout_graceful_shutdown=int(limits.receive_seconds + limits.answer_seconds) + _GRACE_SECONDS,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32_768,
    )
    return uvicorn.Server(config)


def open_listener(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 takes a free one.

    Raises:
        InputError: when the port is taken or the host is not an address of this machine.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only on sockets whose protocol is given; without it an answer of two packets waits 40 ms
    # for the acknowledgement of the first one.
    listener = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror as error:
        listener.close()
        raise InputError(
            f"Expected the host to be a name or an address of this machine, got {host!r}.", setting="host"
        ) from error
    except OSError as error:
        listener.close()
        raise InputError(
            f"Expected {host}:{port} to be free, got: {error.strerror or error}; choose another port or host.",
            setting="port",
        ) from error
    return listener
