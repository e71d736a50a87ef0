import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from maskwise.data.decoding import PhotoError
from maskwise.serving.pixel_limiter import PixelLimiter


def test_few_pixels_are_decoded_at_once_whoever_sends_them() -> None:
    limiter, inside, most, lock = PixelLimiter(10), 0, 0, threading.Lock()

    def decode(pixels: int) -> None:
        nonlocal inside, most
        with limiter.reserve(pixels):
            with lock:
                inside += min(pixels, 10)
                most = max(most, inside)
            time.sleep(0.002)
            with lock:
                inside -= min(pixels, 10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decode, [4, 4, 4, 9, 100, 1, 3, 7] * 5))
    assert (inside, most) == (0, 10)


def test_what_large_photos_took_is_given_back_when_they_are_done() -> None:
    given = list[int]()
    limiter = PixelLimiter(64_000_000, lambda: given.append(1))
    for _ in range(20):
        with limiter.reserve(12_000_000):
            pass
    assert not given  # a common photo is none to act upon
    with limiter.reserve(12_000_000), limiter.reserve(12_000_000):
        pass
    assert len(given) == 1
    with pytest.raises(PhotoError), limiter.reserve(60_000_000):
        raise PhotoError("broken behind its header")
    assert len(given) == 2
    with limiter.reserve(300_000):
        pass
    assert len(given) == 2


def test_a_large_photo_gets_its_turn_among_many_small_ones() -> None:
    limiter, done, over = PixelLimiter(10), threading.Event(), threading.Event()

    def small() -> None:
        while not over.is_set():
            with limiter.reserve(4):
                time.sleep(0.001)

    def large() -> None:
        with limiter.reserve(10):
            done.set()

    threads = [threading.Thread(target=small) for _ in range(6)]
    for thread in threads:
        thread.start()
    threads.append(threading.Thread(target=large))
    threads[-1].start()
    assert done.wait(timeout=10)
    over.set()
    for thread in threads:
        thread.join()
