"""Which photos make an epoch, in which order, in which batches: keyed by seed and epoch alone."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from maskwise.data.randomness import keyed_generator

Rows = npt.NDArray[np.int64]


def shuffled(rows: Rows, *, seed: int, epoch: int) -> Rows:
    """The rows (N,) in the order of an epoch."""
    return keyed_generator(seed, "order", epoch).permutation(rows)


def steps_per_epoch(n_rows: int, global_batch: int) -> int:
    """Full batches in an epoch; the rest, another each epoch, is left out, unless it is all there is."""
    return max(1, n_rows // global_batch)


def training_batches(order: Rows, *, batch_size: int, rank: int = 0, world: int = 1) -> Iterator[list[int]]:
    """The batches of one process: consecutive stretches of the order, dealt over the processes.

    With one process or several, a step sees the same photos in all as long as `batch_size` x `world` is the
    same.
    """
    step = batch_size * world
    for start in range(0, steps_per_epoch(len(order), step) * step, step):
        yield order[start : start + step][rank::world].tolist()


def evaluation_batches(rows: Rows, *, batch_size: int, rank: int = 0, world: int = 1) -> Iterator[list[int]]:
    """All rows in their order, those of one process, the last batch as short as it is."""
    mine = rows[rank::world]
    for start in range(0, len(mine), batch_size):
        yield mine[start : start + batch_size].tolist()
