"""Limits on open connections and on idle ones; uvicorn itself has neither."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from maskwise.serving.limits import Limits


def create_protocol(limits: Limits) -> type[H11Protocol]:
    """Uvicorn's HTTP protocol with limits.

    A connection beyond the limit is answered with 503 and closed. A connection is also closed when the headers of a
    request have not arrived after `limits.receive_seconds`.
    """
    full = (
        "HTTP/1.1 503 Service Unavailable\r\n"
        f"Retry-After: {limits.retry_after}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()

    class BoundedProtocol(H11Protocol):
        _idle_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            if len(self.connections) >= limits.connections:
                self.transport = transport
                transport.write(full)
                transport.close()
                return
            super().connection_made(transport)
            self._start_timer()

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._start_timer()
            else:  # a request has begun, and has its own time limit
                self._stop_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def _start_timer(self) -> None:
            if self._idle_timer is None:
                self._idle_timer = self.loop.call_later(limits.receive_seconds, self.transport.close)

        def _stop_timer(self) -> None:
            if self._idle_timer is not None:
                self._idle_timer.cancel()
                self._idle_timer = None

    return BoundedProtocol
