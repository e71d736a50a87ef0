"""A limit on what decoding costs, counted from the photos' headers before any is decoded."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from maskwise.data.decoding import PhotoError, decoding_cost, read_header
from maskwise.serving.limits import BusyError, Limits
from maskwise.serving.refusals import RefusedError


def photos_cost(photos: Sequence[bytes], limits: Limits) -> int:
    """What decoding encoded photos costs, in pixels; one that will be refused costs nothing.

    Raises:
        RefusedError: when it is more than a request may cost.
    """
    cost = 0
    for photo in photos:
        if len(photo) <= limits.photo_bytes:
            try:
                cost += decoding_cost(photo, read_header(photo))
            except PhotoError:
                continue
        if cost > limits.request_pixels:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"Expected photos of at most {limits.request_pixels / 1e6:.0f} megapixels together (four times as many "
                "in JPEG), got more: send fewer at a time.",
            )
    return cost


class DecodingBudget:
    """Counts the pixels of all requests that are being answered, and those of each client."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._free = limits.waiting_pixels
        self._of_client = Counter[str]()

    @contextmanager
    def reserve(self, client: str, cost: int) -> Iterator[None]:
        """Reserve pixels for a client's request while the block runs.

        Args:
            client: its address.
            cost: in pixels.

        Raises:
            BusyError: when the client, or all clients together, have too many waiting.
        """
        if cost > self._free or self._of_client[client] + cost > self._limits.client_pixels:
            raise BusyError
        self._free -= cost
        self._of_client[client] += cost
        try:
            yield
        finally:
            self._free += cost
            self._of_client[client] -= cost
            if not self._of_client[client]:
                del self._of_client[client]  # or each address that ever sent a photo would be kept
