"""Where the model looked, for a few photos at once: it costs several times what an answer does."""

import asyncio

import numpy as np

from maskwise.inference.grad_cam import grad_cam
from maskwise.models.member import Member
from maskwise.serving.bounded import PixelGate, transform_bounded
from maskwise.serving.limits import BusyError, Limits

_AT_ONCE = 2


class Explainer:
    """A photo's bytes in, a map (h, w) from 0 to 1 for each attribute out."""

    def __init__(self, member: Member, limits: Limits, gate: PixelGate) -> None:
        self._member, self._limits, self._gate = member, limits, gate
        self._tasks = set[asyncio.Task[dict[str, list[list[float]]]]]()

    async def explain(self, photo: bytes) -> dict[str, list[list[float]]]:
        """The maps by the names of the columns.

        Raises:
            PhotoError: when it can't be read.
            BusyError: when as many are explained as may, or it takes too long.
        """
        if len(self._tasks) >= _AT_ONCE:
            raise BusyError
        task = asyncio.create_task(asyncio.to_thread(self._maps, photo))
        self._tasks.add(task)
        task.add_done_callback(
            self._end
        )  # a thread goes on when nobody waits any more, and counts until its end
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._limits.answer_seconds)
        except TimeoutError as error:
            raise BusyError from error

    def _maps(self, photo: bytes) -> dict[str, list[list[float]]]:
        (image,) = transform_bounded(photo, [self._member.card.transform], self._limits, self._gate)
        return {
            attribute.label_column: np.round(grad_cam(self._member, image, attribute.name), 3).tolist()
            for attribute in self._member.card.space.attributes
        }

    def _end(self, task: asyncio.Task[dict[str, list[list[float]]]]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever still waits
