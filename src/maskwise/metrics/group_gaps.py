"""The largest differences in accuracy between groups of persons, with their intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwise.metrics.bootstrap import interval
from maskwise.metrics.classification import Floats
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

ALL_RIGHT = "all right"

Indices = npt.NDArray[np.int64]


def largest_gaps(
    labels: Indices,
    predictions: Indices,
    person_index: Indices,
    columns: Mapping[str, Sequence[str]],
    names: Mapping[str, npt.NDArray[np.str_]],
    space: LabelSpace,
    *,
    fewest: int,
    draws: int = 1000,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """For each column the two groups whose accuracies differ most, for one attribute or all of them together.

    The bootstrap draws persons, each with all photos: a person may be in several groups, such as with and without a
    mask. As the two groups were selected for their difference, the interval is somewhat too far from 0.

    Args:
        labels: attribute indices (N, A), -1 where unknown.
        predictions: joint classes (N,).
        person_index: the person of each photo (N,), 0 to P - 1.
        columns: the groups to compare, by column.
        names: the group of each photo (N,), by column.
        space: the label space.
        fewest: groups with fewer persons whose label is known are skipped.
        draws: resamples of persons.
        seed: of the resampling.

    Returns:
        `{"column", "what", "best", "worst", "value", "ci95"}` for each column with two groups that differ.
    """
    predicted = space.decode(predictions)
    known = labels != UNKNOWN
    right = known & (labels == predicted)
    each = {
        ALL_RIGHT: (right.all(axis=1), known.all(axis=1)),
        **{a.name: (right[:, k], known[:, k]) for k, a in enumerate(space.attributes)},
    }
    found = []
    for column, groups in columns.items():
        widest: tuple[float, dict[str, Any], Floats] | None = None
        for what, (hit, asked) in each.items():
            counts = {g: _by_person(hit, asked & (names[column] == g), person_index) for g in groups}
            shares = {g: _share(c.sum(axis=0)) for g, c in counts.items() if (c[:, 1] > 0).sum() >= fewest}
            if len(shares) < 2:
                continue
            best, worst = max(shares, key=lambda g: shares[g]), min(shares, key=lambda g: shares[g])
            value = float(shares[best] - shares[worst])
            if value > (widest[0] if widest else 0.0):
                found_in = {"column": column, "what": what, "best": best, "worst": worst}
                widest = value, found_in, np.concatenate([counts[best], counts[worst]], axis=1)
        if widest:
            middle, low, high = interval(_difference, widest[2], draws=draws, seed=seed)
            span = [round(float(low), 6), round(float(high), 6)]
            found.append(widest[1] | {"value": round(float(middle), 6), "ci95": span})
    return found


def _by_person(hit: npt.NDArray[np.bool_], asked: npt.NDArray[np.bool_], index: Indices) -> Floats:
    """Correctly predicted photos and all photos of each person (P, 2)."""
    n = int(index.max(initial=-1)) + 1
    return np.stack([np.bincount(index[rows], minlength=n) for rows in (hit & asked, asked)], 1).astype(float)


def _share(counts: Floats) -> Floats:
    return np.asarray(counts[..., 0] / np.maximum(counts[..., 1], 1))


def _difference(counts: Floats) -> Floats:
    return _share(counts[..., :2]) - _share(counts[..., 2:])
