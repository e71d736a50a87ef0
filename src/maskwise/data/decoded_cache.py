"""Decoded photos in one memory-mapped file: keyed by content, shared by processes, safe to delete."""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from filelock import FileLock

from maskwise.data.cache_folder import cache_folder
from maskwise.data.decoding import Decoded
from maskwise.errors import MaskwiseError
from maskwise.files import atomic_path
from maskwise.reporter import Progress

CACHE_VERSION = 2


@dataclass(frozen=True)
class DecodedCache:
    """Decoded photos by the digest of their files' content."""

    pixels: npt.NDArray[np.uint8]
    places: dict[str, tuple[int, int, int, int, int]]

    def read(self, digest: str) -> Decoded:
        """The decoded photo whose file has this content; a view, nothing is copied.

        Raises:
            KeyError: when it is not in the cache.
        """
        offset, height, width, full_height, full_width = self.places[digest]
        flat = self.pixels[offset : offset + height * width * 3]
        return Decoded(flat.reshape(height, width, 3), (full_height, full_width))


def open_cache(
    digests: Sequence[str],
    sizes: Sequence[tuple[int, int]],
    reductions: Sequence[int],
    load: Callable[[int], Decoded],
    *,
    progress: Progress | None = None,
) -> DecodedCache:
    """Open the cache of these photos; create it first if it does not exist.

    Args:
        digests: of each photo's content (N,).
        sizes: full height and width of each photo (N,).
        reductions: the scale each is decoded at (N,): 1, 2, 4 or 8.
        load: decodes the photo of a row; called from several threads.
        progress: called as photos are done.

    Raises:
        MaskwiseError: when the disk has too little space.
    """
    wanted = dict(zip(digests, range(len(digests)), strict=True))
    name = hashlib.blake2b(digest_size=12)
    for digest in sorted(wanted):
        name.update(f"{digest}/{reductions[wanted[digest]]}\n".encode())
    folder = cache_folder() / "decoded"
    data_file = folder / f"{name.hexdigest()}-v{CACHE_VERSION}.u8"
    index_file = data_file.with_suffix(".parquet")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(data_file.with_suffix(".lock")):
        if not (index_file.is_file() and data_file.is_file()):
            needed = sum(
                -(-sizes[row][0] // reductions[row]) * -(-sizes[row][1] // reductions[row]) * 3
                for row in wanted.values()
            )
            _check_room(folder, needed)
            _fill(data_file, index_file, wanted, load, progress)
        index = pl.read_parquet(index_file, glob=False)
        pixels = np.memmap(data_file, dtype=np.uint8, mode="r")
    places = {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in index.iter_rows()}
    return DecodedCache(pixels, places)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free * 0.95:
        raise MaskwiseError(
            f"Expected {needed / 1e9:.1f} GB free in {folder} for decoded photos, got {free / 1e9:.1f} GB. "
            "Free some space, set MASKWISE_CACHE to a folder on another disk, or set data.cache=false."
        )


def _fill(
    data_file: Path,
    index_file: Path,
    wanted: dict[str, int],
    load: Callable[[int], Decoded],
    progress: Progress | None,
) -> None:
    rows: list[tuple[str, int, int, int, int, int]] = []
    offset = 0
    items = list(wanted.items())
    with (
        atomic_path(data_file) as temporary,
        temporary.open("wb") as stream,
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
    ):
        for start in range(0, len(items), 256):
            chunk = items[start : start + 256]
            for (digest, _), decoded in zip(chunk, pool.map(load, [row for _, row in chunk]), strict=True):
                stream.write(np.ascontiguousarray(decoded.pixels).data)
                height, width = decoded.pixels.shape[:2]
                rows.append((digest, offset, height, width, *decoded.full_size))
                offset += height * width * 3
            if progress:
                progress(min(start + 256, len(items)), len(items))
    # The index is written last: where it exists, the pixels are complete.
    with atomic_path(index_file) as temporary:
        pl.DataFrame(
            rows,
            schema=dict.fromkeys(("digest",), pl.String)
            | dict.fromkeys(("offset", "height", "width", "full_height", "full_width"), pl.Int64),
            orient="row",
        ).write_parquet(temporary)
