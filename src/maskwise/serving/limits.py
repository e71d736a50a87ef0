"""What a service takes on, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds that hold whatever is sent."""

    request_bytes: int = 32_000_000
    photo_bytes: int = 16_000_000
    photos: int = 64  # a request
    waiting: int = 256  # photos that may wait or be worked on; more are told to come again
    batch: int = 32  # photos that are computed together
    receive_seconds: float = 30.0  # to send a request
    answer_seconds: float = 30.0  # to answer it
    retry_after: int = 1  # seconds, told with 503
