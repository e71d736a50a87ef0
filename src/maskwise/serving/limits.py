"""What a service takes on, and for how long."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from maskwise.data.decoding import PhotoError


@dataclass(frozen=True)
class Limits:
    """Bounds that hold whatever is sent."""

    request_bytes: int = 32_000_000
    photo_bytes: int = 16_000_000
    photos: int = 64  # a request
    memory_bytes: int = 512_000_000  # of all requests that are being sent or answered
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


def check_size(photo: bytes, limits: Limits) -> None:
    """Refuse one photo that is too large, whatever the others are.

    Raises:
        PhotoError: when it is.
    """
    if len(photo) > limits.photo_bytes:
        raise PhotoError(f"too large: the limit is {limits.photo_bytes / 1e6:g} MB")


class PixelGate:
    """How many pixels may be decoded at once, by whatever threads; a photo with more goes alone."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def through(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for so many, and give it back when the block ends."""
        wanted = min(pixels, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= wanted)
            self._free -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()
