from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.data.leakage import (
    Side,
    check_additional_photos,
    check_parent,
    check_split,
    find_copies,
    find_shared_persons,
    find_trained_on,
)
from maskwise.data.near_duplicates import (
    MAX_DISTANCE,
    MIN_CORRELATION,
    DuplicatePair,
    cross_person_duplicates,
    join_groups,
)
from maskwise.data.split import hold_out
from maskwise.errors import LeakError

PERSONS = [f"p{index}" for index in range(8)]


@dataclass(frozen=True)
class Photos:
    """Photos made from few pictures, many of them copies or re-encoded, of few persons."""

    persons: np.ndarray
    fingerprints: pl.DataFrame

    def side(self, rows: np.ndarray) -> Side:
        names = [f"{row}.jpg" for row in rows]
        return Side(names, self.persons[rows].tolist(), self.fingerprints[rows.tolist()])

    def same_picture(self, a: int, b: int) -> bool:
        """What a duplicate is, without any of the shortcuts that the search takes."""
        first, second = self.fingerprints.row(a, named=True), self.fingerprints.row(b, named=True)
        if first["digest"] == second["digest"]:
            return True
        if (first["phash"], first["thumb"]) == (second["phash"], second["thumb"]):
            return True
        if (first["phash"] ^ second["phash"]).bit_count() > MAX_DISTANCE:
            return False
        thumbs = [np.frombuffer(row["thumb"], dtype=np.uint8).astype(np.float32) for row in (first, second)]
        return float(np.corrcoef(*thumbs)[0, 1]) >= MIN_CORRELATION


@st.composite
def photos(draw: st.DrawFn) -> Photos:
    n = draw(st.integers(2, 24))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_pictures = draw(st.integers(1, 12))
    hashes = random.integers(0, 2**64, n_pictures, dtype=np.uint64)
    thumbs = random.integers(0, 230, (n_pictures, 256))
    rows = []
    for _ in range(n):
        picture = int(random.integers(n_pictures))
        version = int(random.integers(3))  # the file itself, the same look in another file, a re-encoding
        phash, thumb, digest = int(hashes[picture]), thumbs[picture], f"{picture}"
        if version:
            digest = f"{picture}-{random.integers(4)}-{version}"
        if version == 2:
            keyed = np.random.default_rng([picture, int(digest.split("-")[1])])
            for bit in keyed.choice(64, size=keyed.integers(0, 9), replace=False):
                phash ^= 1 << int(bit)
            thumb = thumb + keyed.integers(0, keyed.choice([8, 90]), 256)
        rows.append((digest, phash, np.clip(thumb, 0, 255).astype(np.uint8).tobytes()))
    schema = {"digest": pl.String, "phash": pl.UInt64, "thumb": pl.Binary}
    return Photos(random.choice(PERSONS, n), pl.DataFrame(rows, schema=schema, orient="row"))


def leaks(photos: Photos, held_out: np.ndarray) -> bool:
    crossing = [(a, b) for a, b in combinations(range(len(held_out)), 2) if held_out[a] != held_out[b]]
    return any(photos.persons[a] == photos.persons[b] or photos.same_picture(a, b) for a, b in crossing)


@settings(max_examples=150, deadline=None)
@given(photos(), st.data())
def test_no_person_and_no_duplicate_on_both_sides_survives(photos: Photos, data: st.DataObject) -> None:
    by_person = {person: data.draw(st.booleans()) for person in PERSONS}
    held_out = np.array([by_person[person] for person in photos.persons])
    if data.draw(st.booleans()):  # sides that do not follow persons
        held_out[data.draw(st.integers(0, len(held_out) - 1))] ^= True
    pairs = cross_person_duplicates(photos.fingerprints, photos.persons)
    names = [f"{row}.jpg" for row in range(len(held_out))]
    if leaks(photos, held_out):
        with pytest.raises(LeakError):
            check_split(held_out, photos.persons, names, pairs)
    else:
        check_split(held_out, photos.persons, names, pairs)


@settings(max_examples=100, deadline=None)
@given(photos(), st.floats(0.3, 0.6), st.integers(0, 3))
def test_joined_groups_split_without_a_leak(photos: Photos, share: float, seed: int) -> None:
    pairs = cross_person_duplicates(photos.fingerprints, photos.persons)
    groups = join_groups(photos.persons, pairs)
    if len(set(groups)) < 4:
        return
    held_out = hold_out(groups, np.zeros(len(groups), dtype=np.int64), share=share, seed=seed)
    assert not leaks(photos, held_out)
    check_split(held_out, photos.persons, [""] * len(groups), pairs)


@settings(max_examples=150, deadline=None)
@given(photos(), st.data())
def test_every_photo_that_a_model_knows_is_found(photos: Photos, data: st.DataObject) -> None:
    n = len(photos.persons)
    trained = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    ours, theirs = np.flatnonzero(~trained), np.flatnonzero(trained)
    copies = [any(photos.same_picture(a, b) for b in theirs) for a in ours]
    known = [
        copy or photos.persons[a] in photos.persons[theirs] for a, copy in zip(ours, copies, strict=True)
    ]
    held_out, parent = photos.side(ours), photos.side(theirs)
    assert find_copies(held_out, parent).tolist() == copies
    assert find_trained_on(held_out, parent).tolist() == known
    if any(known):
        with pytest.raises(LeakError, match=f"trained on {sum(known)} of their photos"):
            check_parent("teacher runs/a", held_out, parent)
    else:
        check_parent("teacher runs/a", held_out, parent)
    if any(copies):
        with pytest.raises(LeakError, match=f"got {sum(copies)} photos that are copies"):
            check_additional_photos("more", held_out, parent)
    else:
        check_additional_photos("more", held_out, parent)


def test_unknown_persons_are_not_one_person() -> None:
    schema = {"digest": pl.String, "phash": pl.UInt64, "thumb": pl.Binary}
    ours = Side(["a.jpg"], [None], pl.DataFrame([("a", 0, bytes(range(256)))], schema, orient="row"))
    theirs = Side(["b.jpg"], [None], pl.DataFrame([("b", 2**64 - 1, bytes(256))], schema, orient="row"))
    assert not find_trained_on(ours, theirs).any()
    assert find_shared_persons([None, "ann", "bob"], ["bob", None]) == ["bob"]


def test_photos_without_a_fingerprint_are_compared_by_nothing() -> None:
    schema = {"digest": pl.String, "phash": pl.UInt64, "thumb": pl.Binary}
    nothing = pl.DataFrame([(None, None, None)], schema, orient="row")
    assert not find_copies(Side(["a.jpg"], ["ann"], nothing), Side(["b.jpg"], ["bob"], nothing)).any()
    empty = Side([], [], nothing.clear())
    assert find_trained_on(empty, Side(["b.jpg"], ["bob"], nothing)).tolist() == []
    assert not find_copies(Side(["a.jpg"], ["ann"], nothing), empty).any()


def test_a_person_on_both_sides_is_refused_by_name() -> None:
    persons = np.array(["ann", "ann", "bob"])
    with pytest.raises(LeakError, match="got 1 on both: ann"):
        check_split(np.array([True, False, False]), persons, ["1", "2", "3"], [])


@pytest.mark.parametrize("identical", [True, False])
def test_a_duplicate_on_both_sides_is_refused_by_name(identical: bool) -> None:
    persons = np.array(["ann", "bob", "cat"])
    pairs = [DuplicatePair(0, 2, identical=identical)]
    with pytest.raises(LeakError, match=r"a\.jpg = c\.jpg"):
        check_split(np.array([True, False, False]), persons, ["a.jpg", "b.jpg", "c.jpg"], pairs)
    check_split(np.array([True, False, True]), persons, ["a.jpg", "b.jpg", "c.jpg"], pairs)
