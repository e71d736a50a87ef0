"""Dynamic batching: photos of concurrent requests go through the model together, up to a bounded queue."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np
import numpy.typing as npt

from maskwise.data.decoding import PhotoError
from maskwise.data.decoding_pool import default_workers
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.transform_photo import TransformedPhoto
from maskwise.inference.engine import NO_PROBABILITIES, Engine, Probabilities, invalid_rows
from maskwise.serving.bounded_decoding import decode_bounded
from maskwise.serving.limits import BusyError, Limits
from maskwise.serving.pixel_limiter import PixelLimiter

_Row = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PhotoPrediction:
    """Joint probabilities (C,) of a photo, and what to say about it, such as that no face was found."""

    probabilities: Probabilities
    note: str | None = None


@dataclass
class _Queued:
    photo: TransformedPhoto
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[_Row]


class Batcher:
    """Computes the probabilities of encoded photos; a pool of threads decodes, one more thread runs the model.

    A batch holds whatever is queued when the model becomes free, so that a single photo never waits for others.

    Args:
        engine: computes the probabilities.
        limits: of the service.
        limiter: shared by everything that decodes.
        observe_size: called with the number of photos in each batch.
        finder: finds faces, for a model whose transform cuts them out.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        limiter: PixelLimiter,
        observe_size: Callable[[int], None] = lambda size: None,
        finder: FaceFinder | None = None,
    ) -> None:
        self._engine, self._limits, self._limiter, self._finder = engine, limits, limiter, finder
        self._queue: SimpleQueue[_Queued | None] = SimpleQueue()  # None asks the thread to end
        self._decoders = ThreadPoolExecutor(default_workers(), thread_name_prefix="maskwise-decode")
        self._pending = 0
        self._observe_size = observe_size
        self._thread = threading.Thread(target=self._work, name="maskwise-model", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """The number of photos that are queued, decoded or computed."""
        return self._pending

    @property
    def alive(self) -> bool:
        """Whether the model's thread is running."""
        return self._thread.is_alive()

    async def predict(self, photos: Sequence[bytes]) -> list[PhotoPrediction | str]:
        """The prediction of each photo, or the reason why it can't be read.

        Raises:
            BusyError: when the queue has no place for so many photos.
        """
        if self._pending + len(photos) > self._limits.waiting:
            raise BusyError
        self._pending += len(photos)
        try:
            return list(await asyncio.gather(*(self._predict_one(photo) for photo in photos)))
        finally:
            self._pending -= len(photos)

    async def _predict_one(self, photo: bytes) -> PhotoPrediction | str:
        loop = asyncio.get_running_loop()
        try:
            decoded = await loop.run_in_executor(self._decoders, self._decode, photo)
        except PhotoError as error:
            return str(error)
        queued = _Queued(decoded, loop, loop.create_future())
        self._queue.put(queued)
        row = await queued.future
        if invalid_rows(row[None]).any():
            return NO_PROBABILITIES
        return PhotoPrediction(row, decoded.note)

    def _decode(self, photo: bytes) -> TransformedPhoto:
        return decode_bounded(photo, self._engine.transforms, self._limits, self._limiter, self._finder)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            ending = False
            while len(batch) < self._limits.batch:
                try:
                    following = self._queue.get_nowait()
                except Empty:
                    break
                if following is None:
                    ending = True
                    break
                batch.append(following)
            self._compute([queued for queued in batch if not queued.future.cancelled()])
            if ending:
                return

    def _compute(self, batch: list[_Queued]) -> None:
        if not batch:
            return
        self._observe_size(len(batch))
        try:
            stacked = [
                np.stack(images) for images in zip(*(queued.photo.images for queued in batch), strict=True)
            ]
            rows = self._engine.probabilities(stacked)
        except BaseException as error:  # noqa: BLE001 - every waiting request gets an answer, and the thread goes on
            for queued in batch:
                _call_in_loop(queued, _set_error, error)
            return
        for queued, row in zip(batch, rows, strict=True):
            _call_in_loop(queued, _set_result, row)

    def close(self) -> None:
        """Compute what is queued, then end the threads."""
        self._queue.put(None)
        self._thread.join(timeout=self._limits.answer_seconds)
        self._decoders.shutdown(wait=False, cancel_futures=True)


def _call_in_loop(queued: _Queued, setter: Callable[..., None], outcome: object) -> None:
    # Nobody waits in a loop that has been closed; the thread has to go on for the other requests.
    with suppress(RuntimeError):
        queued.loop.call_soon_threadsafe(setter, queued.future, outcome)


def _set_result(future: asyncio.Future[_Row], row: _Row) -> None:
    if not future.done():
        future.set_result(row)


def _set_error(future: asyncio.Future[_Row], error: BaseException) -> None:
    if not future.done():
        future.set_exception(RuntimeError(f"the model failed: {type(error).__name__}"))
