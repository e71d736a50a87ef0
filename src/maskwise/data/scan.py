"""Decode every photo once, remember its properties, and set aside photos that can't be used."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from filelock import FileLock

from maskwise.data.cache_folder import cache_folder
from maskwise.data.containers import container_of
from maskwise.data.decoding import PhotoError, decode, read_header, read_photo
from maskwise.data.fingerprint import perceptual_hash, thumbnail
from maskwise.data.table import PhotoTable
from maskwise.errors import MaskwiseError
from maskwise.files import atomic_path
from maskwise.reporter import Progress

# To be raised when the recorded properties or the definition of a broken photo change: old caches are then ignored.
SCAN_VERSION = 3

_SCHEMA: dict[str, type[pl.DataType]] = {
    "photo": pl.String,
    "bytes": pl.Int64,
    "modified_ns": pl.Int64,
    "reason": pl.String,  # null: the photo is fine
    "format": pl.String,
    "mode": pl.String,
    "height": pl.Int64,
    "width": pl.Int64,
    "orientation": pl.Int64,
    "digest": pl.String,  # of the file's content
    "phash": pl.UInt64,
    "thumb": pl.Binary,
}

_KEY = ["photo", "bytes", "modified_ns"]
"""A file that agrees in these was scanned before."""

_CHUNK = 1024


@dataclass(frozen=True)
class Scan:
    """What was found, one row per photo in the table's order; `reason` is null where the photo can be used."""

    frame: pl.DataFrame
    n_remembered: int

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which photos (N,) can be used."""
        return self.frame["reason"].is_null().to_numpy()

    @property
    def set_aside(self) -> pl.DataFrame:
        """The photos that can't be used: `photo` and `reason`."""
        return self.frame.filter(pl.col("reason").is_not_null()).select("photo", "reason")


def scan_photos(table: PhotoTable, *, workers: int | None = None, progress: Progress | None = None) -> Scan:
    """Decode every photo of a table, unless path, size and modification time are those of an earlier scan.

    Args:
        table: the photos.
        workers: threads; all processors by default (decoding releases Python's global lock).
        progress: called as photos are done.
    """
    memory_file = _memory_file(table.root)
    photos, root = table.photos, table.root
    stats = [_stat_key(photo, root / photo) or (photo, None, None) for photo in photos]
    keys = pl.DataFrame(stats, {name: _SCHEMA[name] for name in _KEY}, orient="row")
    del stats
    known = _recall(memory_file).with_columns(remembered=True)
    frame = keys.join(known, on=_KEY, how="left", maintain_order="left").with_row_index("row")
    fresh = frame.filter(pl.col("remembered").is_null())["row"].to_list()
    done = len(photos) - len(fresh)
    if progress:
        progress(done, len(photos))
    seen: list[pl.DataFrame] = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        # Chunks keep the queue of futures short and pack rows early: a few hundred bytes per photo.
        for start in range(0, len(fresh), _CHUNK):
            chunk = fresh[start : start + _CHUNK]
            rows = []
            for row in pool.map(lambda i: look_at(photos[i], root / photos[i]), chunk):
                rows.append(row)
                done += 1
                if progress:
                    progress(done, len(photos))
            looked = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
            seen.append(looked.with_columns(pl.Series("row", chunk, dtype=frame["row"].dtype)))
    old = frame.filter(pl.col("remembered").is_not_null())
    columns = ["row", *_SCHEMA]
    parts = [part.select(columns) for part in (old, *seen) if part.height]
    both = pl.concat(parts) if parts else frame.select(columns)
    both = (both if both["row"].is_sorted() else both.sort("row")).drop("row")
    del frame, known, old, seen, parts
    if fresh:
        _remember(memory_file, both)
    return Scan(both, n_remembered=len(photos) - len(fresh))


def unopened(table: PhotoTable) -> Scan:
    """A scan that has opened no photo and takes all for usable."""
    empty = pl.DataFrame({"photo": table.frame["photo"]})
    return Scan(
        empty.with_columns(
            pl.lit(None, dtype).alias(name) for name, dtype in _SCHEMA.items() if name != "photo"
        ),
        0,
    )


def look_at(photo: str, path: Path) -> tuple[object, ...]:
    """One row of a scan: decode a photo at the smallest scale and describe it, or give the reason why it fails."""
    known = _stat_key(photo, path) or (photo, None, None)
    try:
        data = read_photo(path)
    except PhotoError as error:
        return (*known, str(error), *[None] * 8)
    digest = content_digest(data)
    try:
        header = read_header(data)
        about = (header.format, header.mode, header.height, header.width, header.orientation, digest)
    except PhotoError as error:
        return (*known, str(error), *[None] * 5, digest, None, None)
    try:
        pixels = decode(data, header, reduction=_smallest(header.height, header.width)).pixels
    except PhotoError as error:
        return (*known, str(error), *about, None, None)
    return (*known, None, *about, perceptual_hash(pixels), thumbnail(pixels))


def content_digest(data: bytes) -> str:
    """A digest of a file's content."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def _smallest(height: int, width: int) -> int:
    """The largest reduction that leaves at least 32 pixels per side, which the hash needs."""
    return next((r for r in (8, 4, 2) if min(height, width) // r >= 32), 1)


def _stat_key(photo: str, path: Path) -> tuple[str, int, int] | None:
    try:
        stat = path.stat()
    except NotADirectoryError:  # a photo inside a container changes with it
        found = container_of(path)
        if found is None:
            return None
        stat = found[0].stat()
    except (OSError, ValueError):
        return None
    return photo, stat.st_size, stat.st_mtime_ns


def _memory_file(root: Path) -> Path:
    name = hashlib.blake2b(str(root.resolve()).encode(), digest_size=10).hexdigest()
    return cache_folder() / "scans" / f"{name}-v{SCAN_VERSION}.parquet"


def _recall(memory_file: Path) -> pl.DataFrame:
    """The stored scan of a folder; empty if there is none or it is broken."""
    try:
        frame = pl.read_parquet(memory_file, glob=False)
    except (OSError, pl.exceptions.PolarsError):
        return pl.DataFrame(schema=_SCHEMA)
    if dict(frame.schema) != _SCHEMA:
        return pl.DataFrame(schema=_SCHEMA)
    return frame.unique(_KEY, keep="first", maintain_order=True)


def _remember(memory_file: Path, frame: pl.DataFrame) -> None:
    """Add to the stored scan of a folder; if it can't be written, the next scan only takes longer."""
    try:
        memory_file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(memory_file.with_suffix(".lock")):
            try:
                before = pl.read_parquet(memory_file, glob=False)
                if dict(before.schema) == _SCHEMA:
                    frame = pl.concat([frame, before.join(frame, on="photo", how="anti")])
            except (OSError, pl.exceptions.PolarsError):
                pass  # missing or broken
            with atomic_path(memory_file) as temporary:
                frame.write_parquet(temporary)
    except (OSError, MaskwiseError):
        return
