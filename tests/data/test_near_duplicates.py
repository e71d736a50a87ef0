from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.data import near_duplicates as duplicates
from maskwise.data.near_duplicates import DuplicatePair, cross_person_duplicates, join_groups
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import look_at, scan_photos
from tests.pictures import make_people, picture, write_jpeg


def test_finds_identical_and_near_identical_photos_of_other_persons(tmp_path: Path) -> None:
    make_people(tmp_path, 4)
    folders = sorted((tmp_path / "images").iterdir())
    image = picture(4242, height=256, width=192)
    for place, quality in ((0, 95), (1, 95), (2, 30)):
        write_jpeg(folders[place] / "normal.jpg", image, quality)
    write_jpeg(folders[3] / "mask1.jpg", picture(1))
    write_jpeg(folders[3] / "mask2.jpg", picture(1))  # the same person twice is no duplicate
    table = read_data(tmp_path)
    pairs = cross_person_duplicates(scan_photos(table).frame, table.persons)
    found = {
        tuple(sorted((table.persons[p.first][:6], table.persons[p.second][:6]))): p.identical for p in pairs
    }
    # A chain: 000001 holds a copy of 000000's photo, so it is tied to 000002 through 000000.
    assert found == {("000000", "000001"): True, ("000000", "000002"): False}
    groups = join_groups(table.persons, pairs)
    assert len(set(groups)) == 2


def test_a_placeholder_of_thousands_is_a_chain(tmp_path: Path) -> None:
    write_jpeg(tmp_path / "a.jpg", picture(1))
    row = look_at("a.jpg", tmp_path / "a.jpg")
    n = 6000
    scan = pl.DataFrame(
        {
            # A third are copies of one file, the rest other files that look the same.
            "digest": [f"{max(0, i - n // 3)}" for i in range(n)],
            "phash": pl.Series([row[10]] * n, dtype=pl.UInt64),
            "thumb": [row[11]] * n,
        }
    )
    persons = np.array([f"p{i}" for i in range(n)])
    pairs = cross_person_duplicates(scan, persons)
    assert len(pairs) == n - 1
    assert len(set(join_groups(persons, pairs))) == 1


def test_different_pictures_are_no_duplicates(people: Path) -> None:
    table = read_data(people)
    assert cross_person_duplicates(scan_photos(table).frame, table.persons) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_close_hashes_are_all_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 2**64, 40, dtype=np.uint64)
    for target in range(20):  # plant neighbours at every distance up to beyond the bound
        flips = random.choice(64, size=random.integers(0, 9), replace=False)
        hashes[target + 20] = hashes[target] ^ np.bitwise_or.reduce(
            np.uint64(1) << flips.astype(np.uint64), initial=0
        )
    owners = random.integers(0, 15, 40)
    found = duplicates._close_hashes(hashes, owners)
    got = {tuple(sorted(map(int, pair))) for block in found for pair in block}
    expected = {
        (a, b)
        for a, b in combinations(range(40), 2)
        if owners[a] != owners[b] and (int(hashes[a]) ^ int(hashes[b])).bit_count() <= duplicates.MAX_DISTANCE
    }
    assert got == expected


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15))
def test_groups_are_the_connected_persons(edges: list[tuple[int, int]]) -> None:
    persons = np.array([f"p{index}" for index in range(10)])
    groups = join_groups(persons, [DuplicatePair(a, b, identical=True) for a, b in edges])
    reach = np.eye(10, dtype=bool)
    for a, b in edges:
        reach[a, b] = reach[b, a] = True
    for _ in range(4):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    assert ((groups[:, None] == groups[None]) == reach).all()
    assert groups.tolist() == [persons[np.flatnonzero(row)[0]] for row in reach]


def test_no_real_strangers_are_joined(real_photos: Path) -> None:
    table = read_data(real_photos)
    keep = np.isin(table.persons, sorted(set(table.persons.tolist()))[:80])
    table = table.keep(keep)
    assert cross_person_duplicates(scan_photos(table).frame, table.persons) == []
