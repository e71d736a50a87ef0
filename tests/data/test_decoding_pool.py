import threading
import time

import numpy as np
import pytest

from maskwise.data.decoding_pool import default_workers, load_batches
from maskwise.data.sampling import evaluation_batches, steps_per_epoch, training_batches


def load(item: int) -> list[np.ndarray]:
    time.sleep(0.001 * (item % 3))  # later items may be ready first
    return [np.full((2, 2, 3), item, dtype=np.uint8)]


@pytest.mark.parametrize("workers", [1, 4])
def test_batches_come_in_order_whatever_the_threads_do(workers: int) -> None:
    batches = [list(range(start, min(start + 20, 50))) for start in range(0, 50, 20)]
    seen = list(load_batches(batches, load, [(2, 2)], workers=workers))
    assert [items for items, _ in seen] == batches
    for items, (pixels,) in seen:
        assert (pixels[:, 0, 0, 0] == items).all()


def test_only_a_few_batches_are_taken_ahead() -> None:
    taken = []

    def endless():
        for start in range(10**9):
            taken.append(start)
            yield [start % 200]

    stream = load_batches(endless(), load, [(2, 2)], workers=2, ahead=2)
    for _ in range(5):
        next(stream)
    assert len(taken) <= 8
    stream.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("maskwise-photos")]


def test_an_error_of_a_photo_reaches_the_caller() -> None:
    def fail(item: int) -> np.ndarray:
        raise OSError(f"photo {item}")

    with pytest.raises(OSError, match="photo 1"):
        list(load_batches([[1]], fail, [(2, 2)], workers=2))


def test_there_is_a_worker() -> None:
    assert 1 <= default_workers() <= 16


@pytest.mark.parametrize("world", [1, 2, 4])
def test_a_step_sees_the_same_photos_over_any_number_of_processes(world: int) -> None:
    order = np.random.default_rng(0).permutation(103)
    alone = list(training_batches(order, batch_size=16))
    shares = [
        list(training_batches(order, batch_size=16 // world, rank=r, world=world)) for r in range(world)
    ]
    assert len(alone) == steps_per_epoch(103, 16) == 6
    for step, together in enumerate(alone):
        assert sorted(together) == sorted(row for share in shares for row in share[step])


def test_a_data_set_smaller_than_a_batch_is_one_batch() -> None:
    assert [len(b) for b in training_batches(np.arange(5), batch_size=16)] == [5]


@pytest.mark.parametrize("world", [1, 3])
def test_evaluation_sees_every_photo_once(world: int) -> None:
    rows = np.arange(50, 93)
    seen = [
        row
        for r in range(world)
        for b in evaluation_batches(rows, batch_size=8, rank=r, world=world)
        for row in b
    ]
    assert sorted(seen) == rows.tolist()
