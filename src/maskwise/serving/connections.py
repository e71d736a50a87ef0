"""How many connections may be open, and how long one may go without a request: uvicorn itself bounds neither."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from maskwise.serving.limits import Limits


def create_protocol(limits: Limits) -> type[H11Protocol]:
    """Uvicorn's protocol of a connection, bounded.

    Whoever comes when all connections are taken is told 503 and let go. A connection ends when the headers of a request
    take longer than a request may take to be sent.
    """
    full = (
        "HTTP/1.1 503 Service Unavailable\r\n"
        f"Retry-After: {limits.retry_after}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ).encode()

    class BoundedProtocol(H11Protocol):
        _patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            if len(self.connections) >= limits.connections:
                self.transport = transport
                transport.write(full)
                transport.close()
                return
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._wait()
            else:  # a request has begun: from here on it has its own time
                self._end_waiting()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_waiting()
            super().connection_lost(exc)

        def _wait(self) -> None:
            if self._patience is None:
                self._patience = self.loop.call_later(limits.receive_seconds, self.transport.close)

        def _end_waiting(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

    return BoundedProtocol
