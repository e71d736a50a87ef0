"""Photos that strangers sent, decoded within bounds: few pixels at once, by whatever threads."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from maskwise.data.decoding import PhotoError, Pixels, read_header
from maskwise.data.photo_source import transform_content
from maskwise.data.transform import TransformSpec
from maskwise.process_settings import give_back_freed_memory
from maskwise.serving.limits import Limits

_LARGE = 16_000_000
"""Pixels that take a quarter of a gigabyte to decode."""


class PixelGate:
    """How many pixels may be decoded at once; first come, first served, and a photo with more goes alone."""

    def __init__(self, size: int, give_back: Callable[[], None] = give_back_freed_memory) -> None:
        self._size = self._free = size
        self._most, self._give_back = 0, give_back
        self._changed = threading.Condition()
        self._waiting = deque[object]()

    @contextmanager
    def through(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for so many, and give it back when the block ends."""
        wanted, turn = min(pixels, self._size), object()
        with self._changed:
            self._waiting.append(turn)
            self._changed.wait_for(lambda: self._waiting[0] is turn and self._free >= wanted)
            self._waiting.popleft()
            self._free -= wanted
            self._most = max(self._most, self._size - self._free)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()
                # Else a service would hold for ever what its largest photos took.
                ebbed = self._most >= _LARGE and self._size - self._free < _LARGE // 2
                if ebbed:
                    self._most = 0
            if ebbed:
                self._give_back()


def transform_bounded(
    photo: bytes, transforms: Sequence[TransformSpec], limits: Limits, gate: PixelGate
) -> list[Pixels]:
    """A photo's bytes as each transform makes them, when it is its turn.

    Raises:
        PhotoError: when it is too large or can't be read.
    """
    if len(photo) > limits.photo_bytes:
        raise PhotoError(f"too large: the limit is {limits.photo_bytes / 1e6:g} MB")
    header = read_header(photo)
    with gate.through(header.height * header.width):
        return [transform_content(photo, transform) for transform in transforms]
