"""Identical and near-identical photos of different persons, and the groups they tie persons into."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

MAX_DISTANCE = 6
"""Hashes of near-duplicates differ in at most this many of 64 bits, ..."""

MIN_CORRELATION = 0.97
"""... and their thumbnails correlate at least so much. Of 24 million pairs of real aligned faces of different
persons, these two bounds together let through only photos made from one and the same picture."""


@dataclass(frozen=True)
class DuplicatePair:
    """Two photos that show the same picture, by their rows, and whether the files are identical."""

    first: int
    second: int
    identical: bool


def cross_person_duplicates(scan: pl.DataFrame, persons: npt.NDArray[np.str_]) -> list[DuplicatePair]:
    """Pairs of photos of different persons that are identical or nearly so.

    Args:
        scan: a scan's rows (N): `digest`, `phash`, `thumb`; rows without a hash are passed over.
        persons: whose photo each row is (N,).
    """
    _, owners = np.unique(persons, return_inverse=True)
    rows = scan["phash"].is_not_null().to_numpy().nonzero()[0]
    pairs = _identical(scan["digest"].to_list(), owners, rows)
    known = {(pair.first, pair.second) for pair in pairs}
    hashes = scan["phash"].fill_null(0).to_numpy()
    candidates = list(_close_hashes(hashes[rows], owners[rows]))
    if candidates:
        found = rows[np.concatenate(candidates)]
        alike = found[_correlation(scan["thumb"], found) >= MIN_CORRELATION]
        near = {(int(a), int(b)) for a, b in np.sort(alike, axis=1)} - known
        pairs += [DuplicatePair(a, b, identical=False) for a, b in sorted(near)]
    return pairs


def _identical(
    digests: Sequence[str | None], owners: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> list[DuplicatePair]:
    """Each photo with the next that has the same content and another owner: a chain, not all pairs."""
    last: dict[str, int] = {}
    pairs = []
    for row in rows.tolist():
        digest = digests[row]
        if digest is None:
            continue
        if digest in last and owners[last[digest]] != owners[row]:
            pairs.append(DuplicatePair(last[digest], row, identical=True))
        last[digest] = row
    return pairs


def _close_hashes(
    hashes: npt.NDArray[np.uint64], owners: npt.NDArray[np.int64]
) -> list[npt.NDArray[np.int64]]:
    """Index pairs (P, 2) whose hashes are close, owners different.

    By the pigeonhole principle, hashes within d bits agree wholly in one of d + 1 parts, so only photos that
    share a part are compared.
    """
    edges = np.linspace(0, 64, MAX_DISTANCE + 2).astype(np.uint64)
    found = []
    for low, high in itertools.pairwise(edges):
        part = (hashes >> low) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(part, kind="stable")
        bounds = np.flatnonzero(np.diff(part[order])) + 1
        for group in np.split(order, bounds):
            for start in range(0, len(group) - 1, 512):
                block = group[start : start + 512]
                rest = group[start:]
                distance = np.bitwise_count(hashes[block, None] ^ hashes[rest][None])
                other = owners[block, None] != owners[rest][None]
                later = np.arange(len(rest))[None] > np.arange(len(block))[:, None]
                a, b = np.nonzero((distance <= MAX_DISTANCE) & other & later)
                if len(a):
                    found.append(np.stack([block[a], rest[b]], axis=1))
    return found


def _correlation(thumbs: pl.Series, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Pearson correlation (P,) of the thumbnails of row pairs (P, 2); flat thumbnails count as 0."""
    rows, places = np.unique(pairs, return_inverse=True)
    pixels = np.stack([np.frombuffer(thumbs[int(row)], dtype=np.uint8) for row in rows]).astype(np.float64)
    centred = pixels - pixels.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, norms, out=np.zeros_like(centred), where=norms > 0)
    places = places.reshape(pairs.shape)
    return np.asarray((unit[places[:, 0]] * unit[places[:, 1]]).sum(axis=1))


def join_groups(persons: npt.NDArray[np.str_], pairs: Sequence[DuplicatePair]) -> npt.NDArray[np.str_]:
    """A group for each photo (N,): its person, or the first of the persons that duplicates tie together."""
    leader: dict[str, str] = {}

    def find(person: str) -> str:
        while person in leader:
            person = leader[person]
        return person

    for pair in pairs:
        a, b = sorted((find(str(persons[pair.first])), find(str(persons[pair.second]))))
        if a != b:
            leader[b] = a
    if not leader:
        return persons
    return np.array([find(str(person)) for person in persons], dtype=np.str_)
