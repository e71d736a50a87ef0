"""A limit on the pixels that all threads decode at one time."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from maskwise.process_settings import give_back_freed_memory

_LARGE = 16_000_000
"""Decoding this many pixels takes a quarter of a gigabyte."""


class PixelLimiter:
    """Threads wait for their turn in the order in which they came; a photo above the limit is decoded alone."""

    def __init__(self, size: int, give_back: Callable[[], None] = give_back_freed_memory) -> None:
        self._size = self._free = size
        self._peak, self._give_back = 0, give_back
        self._changed = threading.Condition()
        self._queue = deque[object]()

    @contextmanager
    def reserve(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels are free, and release them when the block ends."""
        wanted, turn = min(pixels, self._size), object()
        with self._changed:
            self._queue.append(turn)
            self._changed.wait_for(lambda: self._queue[0] is turn and self._free >= wanted)
            self._queue.popleft()
            self._free -= wanted
            self._peak = max(self._peak, self._size - self._free)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()
                # Otherwise the process would keep the memory of its largest photos until it ends.
                receded = self._peak >= _LARGE and self._size - self._free < _LARGE // 2
                if receded:
                    self._peak = 0
            if receded:
                self._give_back()
