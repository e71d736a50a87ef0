"""A limit on the memory that the bodies of all requests take together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from maskwise.serving.limits import BusyError


class MemoryBudget:
    """Counts the bytes of all requests that are in memory."""

    def __init__(self, size: int) -> None:
        self._free = size

    @contextmanager
    def reservation(self) -> Iterator[Callable[[int], None]]:
        """Give a function that reserves a number of bytes; all of them are released when the block ends.

        Raises:
            BusyError: by the function, when fewer bytes are free.
        """
        reserved = 0

        def reserve(count: int) -> None:
            nonlocal reserved
            if count > self._free:
                raise BusyError
            self._free -= count
            reserved += count

        try:
            yield reserve
        finally:
            self._free += reserved
