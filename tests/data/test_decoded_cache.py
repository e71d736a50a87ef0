import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from maskwise.data import decoded_cache as module
from maskwise.data.cache_folder import cache_folder
from maskwise.data.decoded_cache import DecodedCache, open_cache
from maskwise.data.decoding import reduction_for
from maskwise.data.photo_source import PhotoSource, load_decoded
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.data.table import PhotoTable
from maskwise.data.transform import resolution_needed
from maskwise.errors import MaskwiseError
from tests.data.test_transform import spec_of

SPEC = spec_of({"step": "rotation", "degrees": 10}, size=40)


def opened(table: PhotoTable, loaded: list[int] | None = None) -> tuple[DecodedCache, list[str]]:
    frame = scan_photos(table).frame
    sizes = list(zip(frame["height"], frame["width"], strict=True))
    paths = table.paths

    def load(row: int):
        if loaded is not None:
            loaded.append(row)
        return load_decoded(paths[row], SPEC)

    reductions = [reduction_for(size, resolution_needed(SPEC, size)) for size in sizes]
    digests = frame["digest"].to_list()
    return open_cache(digests, sizes, reductions, load), digests


def test_cached_and_uncached_pixels_are_the_same(people: Path) -> None:
    table = read_data(people)
    cache, digests = opened(table)
    plain = PhotoSource(table.photos, table.paths, SPEC, 0)
    cached = PhotoSource(table.photos, table.paths, SPEC, 0, cache, digests)
    for row in range(0, len(table), 13):
        for epoch in (None, 0, 7):
            assert (plain.load(row, epoch) == cached.load(row, epoch)).all()


def test_is_made_once_also_by_several_at_once_and_again_when_deleted(people: Path) -> None:
    table = read_data(people)
    loaded: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: opened(table, loaded), range(3)))
    assert sorted(loaded) == list(range(len(table)))
    open_one, _ = opened(table, loaded)
    shutil.rmtree(cache_folder() / "decoded")
    assert np.asarray(open_one.pixels[:100]).shape == (100,)  # what is mapped stays readable
    opened(table, loaded)
    assert len(loaded) == 2 * len(table)


def test_other_content_is_another_cache(people: Path) -> None:
    table = read_data(people)
    opened(table)
    opened(table.keep(np.arange(len(table)) < 50))
    assert len(list((cache_folder() / "decoded").glob("*.u8"))) == 2


def test_a_full_disk_is_one_error(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage(10, 9, 1))
    with pytest.raises(MaskwiseError, match=r"Expected .* GB free in .*data\.cache=false"):
        opened(read_data(people))
