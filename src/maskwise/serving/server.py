"""A service that listens until a signal ends it."""

import socket

import uvicorn

from maskwise.errors import InputError
from maskwise.serving.app import Service, create_app
from maskwise.serving.connections import create_protocol

_GRACE_MARGIN = 5


def run_service(service: Service, listener: socket.socket) -> None:
    """Serve on a bound socket until a signal; what was taken is answered first."""
    create_server(service).run(sockets=[listener])


def create_server(service: Service) -> uvicorn.Server:
    """What serves on sockets that listen already."""
    limits = service.limits
    config = uvicorn.Config(
        create_app(service),
        http=create_protocol(limits),
        log_level="warning",
        access_log=False,
        server_header=False,
        # As long as what was begun may take to be sent and answered.
        timeout_graceful_shutdown=int(limits.receive_seconds + limits.answer_seconds) + _GRACE_MARGIN,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=32_768,
    )
    return uvicorn.Server(config)


def open_listener(host: str, port: int) -> socket.socket:
    """A socket bound to an address.

    Raises:
        InputError: when the port is taken or the host unknown.
    """
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: asyncio sends small packets at once (TCP_NODELAY) only where it is, and an answer of two
    # packets would wait 40 ms for the first one's acknowledgement.
    listener = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror as error:
        listener.close()
        raise InputError(f"Expected --host to be a name or address of this machine, got {host!r}.") from error
    except OSError as error:
        listener.close()
        raise InputError(
            f"Expected {host}:{port} to be free, got: {error.strerror or error}; choose another --port or --host."
        ) from error
    return listener
