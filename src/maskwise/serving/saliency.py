"""Where the model looked, for a few photos at once: it costs several times what an answer does."""

import asyncio
from dataclasses import dataclass

from maskwise.data.decoding import read_header
from maskwise.data.transform import seen_area
from maskwise.inference.grad_cam import grad_cam
from maskwise.models.member import Member
from maskwise.serving.bounded_decoding import PixelGate, transform_bounded
from maskwise.serving.limits import BusyError, Limits

_AT_ONCE = 2


@dataclass(frozen=True)
class Looks:
    """Where a model looked at one photo."""

    maps: dict[str, list[list[float]]]  # for each attribute (h, w), from 0 to 1
    seen: tuple[
        float, float, float, float
    ]  # what they cover: left, top, width, height, as shares of the photo


class Explainer:
    """A photo's bytes in, where the model looked out."""

    def __init__(self, member: Member, limits: Limits, gate: PixelGate) -> None:
        self._member, self._limits, self._gate = member, limits, gate
        self._tasks = set[asyncio.Task[Looks]]()

    async def explain(self, photo: bytes) -> Looks:
        """The maps by the names of the columns, and what they cover.

        Raises:
            PhotoError: when it can't be read.
            BusyError: when as many are explained as may, or it takes too long.
        """
        if len(self._tasks) >= _AT_ONCE:
            raise BusyError
        task = asyncio.create_task(asyncio.to_thread(self._looks, photo))
        self._tasks.add(task)
        task.add_done_callback(
            self._end
        )  # a thread goes on when nobody waits any more, and counts until its end
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._limits.answer_seconds)
        except TimeoutError as error:
            raise BusyError from error

    def _looks(self, photo: bytes) -> Looks:
        transform = self._member.card.transform
        (image,) = transform_bounded(photo, [transform], self._limits, self._gate)
        header = read_header(photo)
        maps = {
            attribute.label_column: grad_cam(self._member, image, attribute.name)
            .astype(float)
            .round(3)
            .tolist()
            for attribute in self._member.card.space.attributes
        }
        return Looks(maps, seen_area(transform, (header.height, header.width)))

    def _end(self, task: asyncio.Task[Looks]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever still waits
