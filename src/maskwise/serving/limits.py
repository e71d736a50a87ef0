"""What a service takes on, and for how long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds that hold whatever is sent."""

    request_bytes: int = 32_000_000
    photo_bytes: int = 16_000_000
    photos: int = 64  # a request
    memory_bytes: int = 512_000_000  # of all requests that are being sent or answered
    connections: int = 512  # open at once: each takes one of the process's files
    waiting: int = 256  # photos that may wait or be worked on; more are told to come again
    batch: int = 32  # photos that are computed together
    receive_seconds: float = 30.0  # to send a request
    answer_seconds: float = 30.0  # to answer it
    pixels: int = 64_000_000  # decoded at once: a photo as large as may be takes 0.9 GB while it is
    retry_after: int = 1  # seconds, told with 503


class BusyError(Exception):
    """As much is being worked on as may be."""


class Room:
    """How many bytes of requests may be in memory at once."""

    def __init__(self, size: int) -> None:
        self._free = size

    @contextmanager
    def visit(self) -> Iterator[Callable[[int], None]]:
        """What is called with a number of bytes takes them until the block ends.

        Raises:
            BusyError: by the call, when there is no room for so many.
        """
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            if count > self._free:
                raise BusyError
            self._free -= count
            taken += count

        try:
            yield take
        finally:
            self._free += taken
