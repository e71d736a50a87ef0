"""What Lightning iterates over: an epoch's batches, prepared by threads, this process's share."""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch

from maskwise.data.decoding_pool import load_batches
from maskwise.data.photo_source import PhotoSource
from maskwise.data.sampling import evaluation_batches, occurrences, steps_per_epoch, training_batches
from maskwise.errors import InputError
from maskwise.training.lightning_module import Batch

Rows = npt.NDArray[np.int64]


class TrainingLoader:
    """The training photos of the current epoch.

    Lightning stores `state_dict` in its checkpoints, so that a run resumed in mid-epoch goes on with the
    batch behind the last one it had trained on.
    """

    def __init__(
        self,
        source: PhotoSource,
        order: Callable[[int], Rows],
        n_rows: int,
        *,
        batch_size: int,
        rank: int,
        world: int,
        accumulate: int,
        workers: int,
    ) -> None:
        self._source, self._order, self._n_rows = source, order, n_rows
        self._epoch: Callable[[], int] = lambda: 0
        self._batch_size, self._rank, self._world = batch_size, rank, world
        self._accumulate, self._workers = accumulate, workers
        self._position = (0, 0)  # epoch, and batches of it that were handed out

    def follow(self, epoch: Callable[[], int]) -> None:
        """Take the current epoch from the trainer."""
        self._epoch = epoch

    def state_dict(self) -> dict[str, int]:
        """The epoch and how many of its batches were handed out."""
        return {
            "epoch": self._position[0],
            "batch": self._position[1],
            "photos": self._batch_size * self._world,
        }

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on where a checkpoint was."""
        photos = self._batch_size * self._world
        if int(state_dict["batch"]) and int(state_dict["photos"]) != photos:
            raise InputError(
                f"Expected a resume in mid-epoch with {state_dict['photos']} photos at once over all processes, got "
                f"{photos}: start as many processes as before."
            )
        self._position = (int(state_dict["epoch"]), int(state_dict["batch"]))

    def __len__(self) -> int:
        """Batches an epoch; whole optimiser steps only, as long as there is one."""
        batches = steps_per_epoch(self._n_rows, self._batch_size * self._world)
        return max(1, batches // self._accumulate * self._accumulate)

    def __iter__(self) -> Iterator[Batch]:
        epoch = self._epoch()
        done = self._position[1] if self._position[0] == epoch and self._position[1] < len(self) else 0
        order = self._order(epoch)[: len(self) * self._batch_size * self._world]
        times = occurrences(order)
        batches = training_batches(
            np.arange(len(order)),
            batch_size=self._batch_size,
            rank=self._rank,
            world=self._world,
        )
        for places, (images,) in load_batches(
            islice(batches, done, None),
            lambda place: [self._source.load(int(order[place]), epoch, int(times[place]))],
            [self._source.spec.output_size],
            workers=self._workers,
        ):
            done += 1
            self._position = (epoch, done)
            yield torch.from_numpy(order[list(places)]), torch.from_numpy(images)


class EvaluationLoader:
    """The held-out photos in their order, as evaluation and prediction see them."""

    def __init__(
        self, source: PhotoSource, rows: Rows, *, batch_size: int, rank: int, world: int, workers: int
    ) -> None:
        self._source, self._rows = source, rows
        self._batch_size, self._rank, self._world = batch_size, rank, world
        self._workers = workers

    def __len__(self) -> int:
        return -(-len(self._rows[self._rank :: self._world]) // self._batch_size)

    def __iter__(self) -> Iterator[Batch]:
        batches = evaluation_batches(
            self._rows, batch_size=self._batch_size, rank=self._rank, world=self._world
        )
        for rows, (images,) in load_batches(
            batches,
            lambda row: [self._source.load(row, None)],
            [self._source.spec.output_size],
            workers=self._workers,
        ):
            yield torch.tensor(rows), torch.from_numpy(images)
