"""The split into training and held-out photos: by group, stratified over groups, a function of a seed."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.randomness import keyed_digest


def deal_order(
    groups: npt.NDArray[np.str_], strata: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.str_]:
    """The distinct groups (G,), stratum by stratum, shuffled within each by a hash of the group's name.

    A group's stratum is the most common one of its photos. The order within a stratum depends on names alone,
    so that adding or reordering rows does not reshuffle it.
    """
    names, places = np.unique(groups, return_inverse=True)
    values, coded = np.unique(strata, return_inverse=True)
    votes = np.zeros((len(names), len(values)), dtype=np.int64)
    np.add.at(votes, (places, coded), 1)
    of_group = votes.argmax(axis=1)
    order = sorted(range(len(names)), key=lambda g: (of_group[g], keyed_digest(seed, "split", str(names[g]))))
    return names[order]


def person_strata(table: PhotoTable) -> npt.NDArray[np.int64]:
    """The strata of a split (N,): the combination of all attributes that are constant over a person."""
    constant = [i for i, attribute in enumerate(table.space.attributes) if attribute.constant]
    indices = table.label_indices()[:, constant] + 1  # an unknown label is a stratum of its own
    sizes = [table.space.sizes[i] + 1 for i in constant]
    return np.asarray(np.ravel_multi_index(indices.T, sizes), dtype=np.int64)


def hold_out(
    groups: npt.NDArray[np.str_], strata: npt.NDArray[np.int64], *, share: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Which photos (N,) are held out: `share` of the groups, evenly over the strata.

    Args:
        groups: the person, or joined persons, of each photo (N,).
        strata: what to balance, such as gender x age band, as integers (N,).
        share: between 0 and 1, both excluded.
        seed: of the split.

    Raises:
        InputError: when one side would have no group.
    """
    if not 0 < share < 1:
        raise InputError(f"Expected the held-out share to be between 0 and 1, got {share}.")
    order = deal_order(groups, strata, seed)
    # Systematic sampling along the strata: one of every 1 / share consecutive groups.
    steps = np.floor((np.arange(len(order) + 1) + 0.5) * share)
    chosen = order[np.diff(steps) > 0]
    if not 0 < len(chosen) < len(order):
        raise InputError(
            f"Expected enough persons to hold out {share:.0%} of them, got {len(order)}: "
            "add persons or change split.held_out."
        )
    return np.isin(groups, chosen)


def assign_folds(
    groups: npt.NDArray[np.str_], strata: npt.NDArray[np.int64], *, n_folds: int, seed: int
) -> npt.NDArray[np.int64]:
    """The fold (N,) of each photo, 0 to `n_folds` - 1: groups assigned in turn along the strata.

    Raises:
        InputError: when there are fewer groups than folds, or fewer than 2 folds.
    """
    order = deal_order(groups, strata, seed)
    if not 2 <= n_folds <= len(order):
        raise InputError(f"Expected 2 to {len(order)} folds for {len(order)} persons, got {n_folds}.")
    fold_of = dict(zip(order.tolist(), (np.arange(len(order)) % n_folds).tolist(), strict=True))
    return np.array([fold_of[str(group)] for group in groups], dtype=np.int64)


def hold_out_photos(photos: Sequence[str], *, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """A split by photo, which leaks persons on purpose, to show the effect of leakage on a score."""
    return hold_out(
        np.asarray(photos, dtype=np.str_), np.zeros(len(photos), dtype=np.int64), share=share, seed=seed
    )
