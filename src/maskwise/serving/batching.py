"""Requests that come at the same time are computed together, and no more are taken than can be answered."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import PhotoError, Pixels
from maskwise.data.decoding_pool import default_workers
from maskwise.inference.engine import Engine, Probabilities
from maskwise.serving.bounded_decoding import PixelGate, transform_bounded
from maskwise.serving.limits import BusyError, Limits


@dataclass
class _Waiting:
    images: list[Pixels]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[npt.NDArray[np.float32]]


class Batcher:
    """Photos' bytes in, joint probabilities out; decoding in threads, the model in one thread of its own.

    A batch is whatever waits when the model becomes free: alone at night, many by day, without a clock that would
    make the first one wait.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        gate: PixelGate,
        count: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._engine, self._limits = engine, limits
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._decoders = ThreadPoolExecutor(default_workers(), thread_name_prefix="maskwise-decode")
        self._gate = gate
        self._inside = 0
        self._count = count  # told the size of each batch
        self._thread = threading.Thread(target=self._work, name="maskwise-model", daemon=True)
        self._thread.start()

    @property
    def inside(self) -> int:
        """Photos that wait or are worked on."""
        return self._inside

    @property
    def works(self) -> bool:
        """Whether the model's thread is there to compute."""
        return self._thread.is_alive()

    async def predict(self, photos: Sequence[bytes]) -> list[Probabilities | str]:
        """Joint probabilities (C,) of each photo, or the reason why there are none.

        Raises:
            BusyError: when there is no room for so many.
        """
        if self._inside + len(photos) > self._limits.waiting:
            raise BusyError
        self._inside += len(photos)
        try:
            return list(await asyncio.gather(*(self._one(photo) for photo in photos)))
        finally:
            self._inside -= len(photos)

    async def _one(self, photo: bytes) -> Probabilities | str:
        loop = asyncio.get_running_loop()
        try:
            images = await loop.run_in_executor(self._decoders, self._decode, photo)
        except PhotoError as error:
            return str(error)
        waiting = _Waiting(images, loop, loop.create_future())
        self._queue.put(waiting)
        return await waiting.future

    def _decode(self, photo: bytes) -> list[Pixels]:
        return transform_bounded(photo, self._engine.transforms, self._limits, self._gate)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            ending = False
            while len(batch) < self._limits.batch:
                try:
                    further = self._queue.get_nowait()
                except Empty:
                    break
                if further is None:
                    ending = True
                    break
                batch.append(further)
            self._compute([w for w in batch if not w.future.cancelled()])
            if ending:
                return

    def _compute(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        self._count(len(batch))
        try:
            stacked = [np.stack(images) for images in zip(*(w.images for w in batch), strict=True)]
            rows = self._engine.probabilities(stacked)
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told, and the thread must go on
            for waiting in batch:
                _hand_over(waiting, _fail, error)
            return
        for waiting, row in zip(batch, rows, strict=True):
            _hand_over(waiting, _tell, row)

    def close(self) -> None:
        """Compute what was taken, then end."""
        self._queue.put(None)
        self._thread.join(timeout=self._limits.answer_seconds)
        self._decoders.shutdown(wait=False, cancel_futures=True)


def _hand_over(waiting: _Waiting, way: Callable[..., None], outcome: object) -> None:
    # A loop that has ended has nobody who waits; the thread must go on for the others.
    with suppress(RuntimeError):
        waiting.loop.call_soon_threadsafe(way, waiting.future, outcome)


def _tell(future: "asyncio.Future[npt.NDArray[np.float32]]", row: npt.NDArray[np.float32]) -> None:
    if not future.done():
        future.set_result(row)


def _fail(future: "asyncio.Future[npt.NDArray[np.float32]]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(RuntimeError(f"the model failed: {type(error).__name__}"))
