"""Identical and near-identical photos of different persons, and the groups of persons that they connect."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

MAX_DISTANCE = 6
"""Hashes of near-duplicates differ in at most this many of 64 bits, ..."""

MIN_CORRELATION = 0.97
"""... and their thumbnails correlate at least this much. Of 24 million pairs of real aligned faces of different
persons, these two bounds together accepted only photos made from the same picture."""


_BLOCK = 512


@dataclass(frozen=True)
class DuplicatePair:
    """The rows of two photos that show the same picture, and whether their files are identical."""

    first: int
    second: int
    identical: bool


def cross_person_duplicates(scan: pl.DataFrame, persons: npt.NDArray[np.str_]) -> list[DuplicatePair]:
    """Pairs of photos of different persons that are identical or nearly so.

    Copies of one picture are returned as a chain, not as all pairs: a placeholder image shared by thousands of
    persons gives as many pairs as photos.

    Args:
        scan: a scan's rows (N): `digest`, `phash`, `thumb`; rows without a hash are skipped.
        persons: the person of each row (N,).
    """
    _, owners = np.unique(persons, return_inverse=True)
    rows = scan["phash"].is_not_null().to_numpy().nonzero()[0]
    digests, hashes, thumbs = (
        scan["digest"].to_list(),
        scan["phash"].fill_null(0).to_numpy(),
        scan["thumb"].to_list(),
    )
    pairs, rows = link_exact_copies(rows, [digests[row] for row in rows], owners, identical=True)
    looks = [(int(hashes[row]), thumbs[row]) for row in rows]
    alike, rows = link_exact_copies(rows, looks, owners, identical=False)
    near = _near(hashes[rows], [thumbs[row] for row in rows], owners[rows])
    named = [(int(rows[a]), int(rows[b])) for a, b in near]
    return pairs + alike + [DuplicatePair(a, b, identical=False) for a, b in sorted(named)]


def copies_of(scan: pl.DataFrame, others: pl.DataFrame) -> list[DuplicatePair]:
    """Pairs of a photo and the first of the other photos that is identical or nearly so, by the rows of both.

    Args:
        scan: a scan's rows (N): `digest`, `phash`, `thumb`; rows without a hash are skipped.
        others: the same of other photos (M).
    """
    columns = ("digest", "phash", "thumb")
    theirs = [
        (row, *found) for row, found in enumerate(others.select(columns).iter_rows()) if found[1] is not None
    ]
    by_digest, by_look = dict[bytes, int](), dict[tuple[int, bytes], int]()
    for row, digest, phash, thumb in theirs:
        by_digest.setdefault(digest, row)
        by_look.setdefault((phash, thumb), row)
    found, left = list[DuplicatePair](), dict[tuple[int, bytes], list[int]]()
    for row, (digest, phash, thumb) in enumerate(scan.select(columns).iter_rows()):
        if phash is None:
            continue
        if (same := by_digest.get(digest)) is not None:
            found.append(DuplicatePair(row, same, identical=True))
        elif (same := by_look.get((phash, thumb))) is not None:
            found.append(DuplicatePair(row, same, identical=False))
        else:
            left.setdefault((phash, thumb), []).append(row)
    looks = [*left, *by_look]
    sides = np.repeat([0, 1], [len(left), len(by_look)])
    matched = set[int]()
    mine, other_rows = list(left.values()), list(by_look.values())
    hashes = np.array([phash for phash, _ in looks], dtype=np.uint64)
    for a, b in sorted(_near(hashes, [thumb for _, thumb in looks], sides)):
        if a not in matched:
            matched.add(a)
            found += [DuplicatePair(row, other_rows[b - len(mine)], identical=False) for row in mine[a]]
    return sorted(found, key=lambda pair: pair.first)


def _near(
    hashes: npt.NDArray[np.uint64], thumbs: Sequence[bytes], owners: npt.NDArray[np.int64]
) -> set[tuple[int, int]]:
    """Index pairs, the smaller first, of fingerprints (N,) of different owners that are nearly the same."""
    if not len(hashes):
        return set()
    pixels = np.frombuffer(b"".join(thumbs), dtype=np.uint8).reshape(len(thumbs), -1)
    near: set[tuple[int, int]] = set()
    for candidates in _close_hashes(hashes, owners):
        similar = candidates[_correlation(pixels, candidates) >= MIN_CORRELATION]
        near.update((int(a), int(b)) for a, b in np.sort(similar, axis=1))
    return near


def link_exact_copies(
    rows: npt.NDArray[np.int64], looks: Sequence[object], owners: npt.NDArray[np.int64], *, identical: bool
) -> tuple[list[DuplicatePair], npt.NDArray[np.int64]]:
    """Pair each row with the previous one of equal fingerprint and another owner; also the first row of each."""
    first: dict[object, int] = {}
    last: dict[object, int] = {}
    pairs = []
    for row, look in zip(rows.tolist(), looks, strict=True):
        if look in last and owners[last[look]] != owners[row]:
            pairs.append(DuplicatePair(last[look], row, identical))
        first.setdefault(look, row)
        last[look] = row
    return pairs, np.array(list(first.values()), dtype=np.int64)


def _close_hashes(
    hashes: npt.NDArray[np.uint64], owners: npt.NDArray[np.int64]
) -> Iterator[npt.NDArray[np.int64]]:
    """Blocks of index pairs (P, 2) of different owners whose hashes are close.

    By the pigeonhole principle, hashes that differ in at most d bits agree in one of d + 1 parts, so only photos
    that share a part are compared.
    """
    edges = np.linspace(0, 64, MAX_DISTANCE + 2).astype(np.uint64)
    for low, high in itertools.pairwise(edges):
        part = (hashes >> low) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(part, kind="stable")
        bounds = np.flatnonzero(np.diff(part[order])) + 1
        for group in np.split(order, bounds):
            for start in range(0, len(group) - 1, _BLOCK):
                block = group[start : start + _BLOCK]
                for later_start in range(start, len(group), _BLOCK):
                    rest = group[later_start : later_start + _BLOCK]
                    distance = np.bitwise_count(hashes[block, None] ^ hashes[rest][None])
                    other = owners[block, None] != owners[rest][None]
                    later = (later_start + np.arange(len(rest)))[None] > (start + np.arange(len(block)))[
                        :, None
                    ]
                    a, b = np.nonzero((distance <= MAX_DISTANCE) & other & later)
                    if len(a):
                        yield np.stack([block[a], rest[b]], axis=1)


def _correlation(pixels: npt.NDArray[np.uint8], pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Pearson correlation (P,) of the thumbnails (N, S) of row pairs (P, 2); flat thumbnails count as 0."""
    found = np.empty(len(pairs))
    for start in range(0, len(pairs), _BLOCK * 16):
        block = pairs[start : start + _BLOCK * 16]
        sides = [pixels[block[:, side]].astype(np.float32) for side in (0, 1)]
        a, b = (side - side.mean(axis=1, keepdims=True) for side in sides)
        norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        product = (a * b).sum(axis=1)
        found[start : start + len(block)] = np.divide(
            product, norms, out=np.zeros_like(product), where=norms > 0
        )
    return found


def join_groups(persons: npt.NDArray[np.str_], pairs: Sequence[DuplicatePair]) -> npt.NDArray[np.str_]:
    """The group of each photo (N,): its person, or the first name of the persons that duplicates connect."""
    if not pairs:
        return persons
    names, index = np.unique(
        persons, return_inverse=True
    )  # sorted: the first of a component is its smallest name
    edges = np.array([(index[pair.first], index[pair.second]) for pair in pairs])
    graph = coo_array((np.ones(len(edges)), edges.T), shape=(len(names), len(names)))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    return np.asarray(names[first[component]][index], dtype=np.str_)
