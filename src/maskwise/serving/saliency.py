"""Saliency maps for `/v1/explain`, few at a time: one takes several times as long as a prediction."""

import asyncio
from dataclasses import dataclass

from maskwise.data.decoding import read_header
from maskwise.data.faces.face_finder import FaceFinder
from maskwise.data.transform import seen_area
from maskwise.inference.grad_cam import grad_cam
from maskwise.models.member import Member
from maskwise.serving.bounded_decoding import decode_bounded
from maskwise.serving.limits import BusyError, Limits
from maskwise.serving.pixel_limiter import PixelLimiter

_CONCURRENT = 2


@dataclass(frozen=True)
class Saliency:
    """The saliency maps of one photo.

    Attributes:
        maps: for each attribute's label column a map (h, w), from 0 to 1.
        seen: the area that the maps cover: left, top, width, height, as shares of the upright photo.
    """

    maps: dict[str, list[list[float]]]
    seen: tuple[float, float, float, float]


class Explainer:
    """Computes the Grad-CAM of encoded photos for each attribute."""

    def __init__(
        self, member: Member, limits: Limits, limiter: PixelLimiter, finder: FaceFinder | None = None
    ) -> None:
        self._member, self._limits, self._limiter, self._finder = member, limits, limiter, finder
        self._tasks = set[asyncio.Task[Saliency]]()

    async def explain(self, photo: bytes) -> Saliency:
        """The saliency maps of a photo.

        Raises:
            PhotoError: when the photo can't be read.
            BusyError: when too many are being computed, or this one takes too long.
        """
        if len(self._tasks) >= _CONCURRENT:
            raise BusyError
        task = asyncio.create_task(asyncio.to_thread(self._compute, photo))
        self._tasks.add(task)  # until its thread ends, even when the request has given up waiting
        task.add_done_callback(self._end)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._limits.answer_seconds)
        except TimeoutError as error:
            raise BusyError from error

    def _compute(self, photo: bytes) -> Saliency:
        card = self._member.card
        decoded = decode_bounded(photo, [card.transform], self._limits, self._limiter, self._finder)
        (image,) = decoded.images
        header = read_header(photo)
        points = None if decoded.face is None else decoded.face.points
        maps = {
            attribute.label_column: grad_cam(self._member, image, attribute.name)
            .astype(float)
            .round(3)
            .tolist()
            for attribute in card.space.attributes
        }
        return Saliency(maps, seen_area(card.transform, (header.height, header.width), points))

    def _end(self, task: asyncio.Task[Saliency]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # marks it as handled: `explain` raises it to whoever still waits
