"""The photos of an epoch, their order and their batches: a function of the seed and the epoch alone."""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from maskwise.errors import InputError
from maskwise.randomness import keyed_generator
from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace

Rows = npt.NDArray[np.int64]
Ratio = Annotated[float, Field(ge=0, le=1e6)]


class ShuffledSpec(StrictModel):
    """Every photo once per epoch; the remainder that fills no whole batch is left out, a different one each epoch."""

    kind: Literal["shuffled"] = "shuffled"


class WeightedRandomSpec(StrictModel):
    """As many draws as photos, with replacement, weighted by inverse class frequency; it failed in the 2021 report."""

    kind: Literal["weighted_random"] = "weighted_random"
    power: float = Field(default=1.0, ge=0, le=2)


class RatiosSpec(StrictModel):
    """Oversample photos of a value or of a joint class by a factor; the epoch keeps its length.

    Only the order and the remainder that fills no whole batch are random: a class has the same number of draws in
    every epoch, spread evenly over its photos.
    """

    kind: Literal["ratios"] = "ratios"
    values: dict[str, dict[str, Ratio]] = Field(default_factory=dict)  # {age: {">=60": 3}}
    classes: dict[int, Ratio] = Field(default_factory=dict)  # {17: 4}


class PersonsSpec(StrictModel):
    """Every person equally often, however many photos each has."""

    kind: Literal["persons"] = "persons"


AnySamplingSpec = ShuffledSpec | WeightedRandomSpec | RatiosSpec | PersonsSpec
SamplingSpec = Annotated[AnySamplingSpec, Field(discriminator="kind")]


def sample_epoch(
    spec: AnySamplingSpec,
    rows: Rows,
    classes: Rows,
    persons: npt.NDArray[np.str_],
    space: LabelSpace,
    seed: int,
    epoch: int,
) -> Rows:
    """The rows of an epoch (N,) in their order, as many as there are rows.

    Args:
        spec: the recipe's sampling.
        rows: rows that may be drawn (N,).
        classes: their joint classes (N,).
        persons: the person of each (N,).
        space: the label space of the classes.
        seed: of the run.
        epoch: counted from 0.

    Raises:
        InputError: when a ratio names a value or class that does not exist, or leaves nothing to draw.
    """
    generator = keyed_generator(seed, "order", epoch)
    if isinstance(spec, ShuffledSpec):
        return generator.permutation(rows)
    if isinstance(spec, WeightedRandomSpec):
        counts = np.bincount(classes, minlength=space.n_classes)
        weights = counts[classes].astype(np.float64) ** -spec.power
        return rows[generator.choice(len(rows), size=len(rows), p=weights / weights.sum())]
    cells = classes if isinstance(spec, RatiosSpec) else np.unique(persons, return_inverse=True)[1]
    sizes = np.bincount(cells).astype(np.float64)
    ratios = (
        class_ratios(spec, space)[: len(sizes)] if isinstance(spec, RatiosSpec) else 1 / np.maximum(sizes, 1)
    )
    wanted = sizes * ratios
    if not wanted.sum() > 0:
        raise InputError(
            "sampling: expected ratios that leave photos to draw, got 0 for every class that occurs."
        )
    draws = _apportion(wanted / wanted.sum() * len(rows))
    picked = [
        _deal(np.flatnonzero(cells == cell), int(draws[cell]), generator) for cell in np.flatnonzero(draws)
    ]
    return generator.permutation(rows[np.concatenate(picked)])


def class_ratios(spec: RatiosSpec, space: LabelSpace) -> npt.NDArray[np.float64]:
    """The ratio of each joint class (C,): the product of its values' ratios and its own.

    Raises:
        InputError: when a value or class does not exist.
    """
    ratios = np.ones(space.n_classes)
    indices = space.decode(np.arange(space.n_classes))
    names = {attribute.name: place for place, attribute in enumerate(space.attributes)}
    for name, of_values in spec.values.items():
        if name not in names:
            raise InputError(f"sampling.values: expected names of {', '.join(names)}, got {name!r}.")
        values = space.attributes[names[name]].values
        for value, ratio in of_values.items():
            if value not in values:
                raise InputError(
                    f"sampling.values.{name}: expected one of {', '.join(values)}, got {value!r}."
                )
            ratios[indices[:, names[name]] == values.index(value)] *= ratio
    for joint, ratio in spec.classes.items():
        if not 0 <= joint < space.n_classes:
            raise InputError(
                f"sampling.classes: expected a class from 0 to {space.n_classes - 1}, got {joint}."
            )
        ratios[joint] *= ratio
    return ratios


def _apportion(shares: npt.NDArray[np.float64]) -> Rows:
    """Whole numbers that add up to the sum of the shares, each within one of its own (largest remainders)."""
    whole = np.floor(shares).astype(np.int64)
    missing = round(shares.sum()) - int(whole.sum())
    order = np.argsort(whole - shares, kind="stable")
    whole[order[:missing]] += 1
    return whole


def _deal(members: Rows, draws: int, generator: np.random.Generator) -> Rows:
    """`draws` draws from the members, each equally often up to one."""
    full, rest = divmod(draws, len(members))
    return np.concatenate([np.tile(members, full), generator.permutation(members)[:rest]])


def occurrences(order: Rows) -> Rows:
    """How often each row (N,) occurred earlier in the order: each repeat of a photo is augmented differently."""
    by_row = np.argsort(order, kind="stable")
    ranked = order[by_row]
    first = np.concatenate([[0], np.flatnonzero(np.diff(ranked)) + 1])
    starts = np.zeros(len(order), dtype=np.int64)
    starts[first] = first
    times = np.empty(len(order), dtype=np.int64)
    times[by_row] = np.arange(len(order)) - np.maximum.accumulate(starts)
    return times


def steps_per_epoch(n_rows: int, global_batch: int) -> int:
    """Full batches per epoch; a remainder is left out, unless there is no full batch."""
    return max(1, n_rows // global_batch)


def training_batches(order: Rows, *, batch_size: int, rank: int = 0, world: int = 1) -> Iterator[list[int]]:
    """The batches of one process: consecutive parts of the order, distributed over the processes.

    A step sees the same photos for any number of processes as long as `batch_size` x `world` is the same.
    """
    step = batch_size * world
    for start in range(0, steps_per_epoch(len(order), step) * step, step):
        yield order[start : start + step][rank::world].tolist()


def evaluation_batches(rows: Rows, *, batch_size: int, rank: int = 0, world: int = 1) -> Iterator[list[int]]:
    """The batches of one process over all rows in order; the last one may be shorter."""
    mine = rows[rank::world]
    for start in range(0, len(mine), batch_size):
        yield mine[start : start + batch_size].tolist()
