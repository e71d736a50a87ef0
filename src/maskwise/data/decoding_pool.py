"""Batches prepared in advance by threads: decoding and warping release Python's global lock."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from maskwise.data.decoding import Pixels

Item = TypeVar("Item")

_CHUNK = 8
"""Photos per task: enough to make the cost of the queue negligible."""


def default_workers() -> int:
    """Threads that prepare photos: the processors this process may use, 16 at most."""
    affinity = getattr(os, "sched_getaffinity", None)  # absent on macOS and Windows
    return max(1, min(16, len(affinity(0)) if affinity else os.cpu_count() or 1))


def load_batches(
    batches: Iterable[Sequence[Item]],
    load: Callable[[Item], Sequence[Pixels]],
    sizes: Sequence[tuple[int, int]],
    *,
    workers: int,
    ahead: int = 2,
) -> Iterator[tuple[Sequence[Item], list[Pixels]]]:
    """Each batch of items with its pixels, in order, whatever the threads do.

    Args:
        batches: the items of each batch; consumed only `ahead` batches in advance, so it may be endless.
        load: gives the images (height, width, 3) of one item, one per size; called from several threads.
        sizes: height and width of each image.
        workers: threads.
        ahead: batches prepared in advance.

    Yields:
        The items, and for each size the pixels (N, height, width, 3).
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="maskwise-photos")
    pending: deque[tuple[Sequence[Item], list[Pixels], list[Future[None]]]] = deque()

    def fill(targets: list[Pixels], items: Sequence[Item]) -> None:
        for place, item in enumerate(items):
            for target, image in zip(targets, load(item), strict=True):
                target[place] = image

    def ready() -> tuple[Sequence[Item], list[Pixels]]:
        items, pixels, parts = pending.popleft()
        for part in parts:
            part.result()
        return items, pixels

    try:
        for items in batches:
            pixels = [np.empty((len(items), *size, 3), dtype=np.uint8) for size in sizes]
            starts = range(0, len(items), _CHUNK)
            parts = [
                pool.submit(fill, [part[i : i + _CHUNK] for part in pixels], items[i : i + _CHUNK])
                for i in starts
            ]
            pending.append((items, pixels, parts))
            if len(pending) > ahead:
                yield ready()
        while pending:
            yield ready()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
