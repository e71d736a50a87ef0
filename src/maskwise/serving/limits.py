"""The limits of a service."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on requests, memory and time; they hold whatever a client sends."""

    request_bytes: int = 32_000_000
    photo_bytes: int = 16_000_000
    photos: int = 64  # per request
    memory_bytes: int = 512_000_000  # of the bodies of all requests that are received or answered at one time
    connections: int = 512  # open at one time; each needs a file descriptor
    waiting: int = 256  # photos that are queued or computed; requests beyond that are refused with 503
    batch: int = 32  # photos per batch of the model
    receive_seconds: float = 30.0  # to receive a request
    answer_seconds: float = 30.0  # to answer it
    pixels: int = 64_000_000  # decoded at one time; the largest photo that is accepted takes 0.9 GB meanwhile
    request_pixels: int = 256_000_000  # in a request, by what decoding costs; see `decoding_cost`
    client_pixels: int = 256_000_000  # of one address's requests at one time; beyond, 503
    waiting_pixels: int = 768_000_000  # of all requests at one time; beyond, 503
    retry_after: int = 1  # seconds, in the header Retry-After of a 503


class BusyError(Exception):
    """A limit on concurrent work is reached: the client should try again later."""
