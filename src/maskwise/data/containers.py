"""Photos inside a file: rows of a Parquet table, members of a tar archive; read where they lie, never unpacked.

A contained photo has a path below its container: `photos.parquet/17` is row 17 (from 0) of the first column of
photos, `shard.tar/a/b.jpg` the member `a/b.jpg`.
"""

import os
import tarfile
import threading
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

import polars as pl

SUFFIXES = frozenset({".parquet", ".tar"})

_ROWS = 128
"""Rows of a Parquet file that are read at once."""

_CACHED_BYTES = 256_000_000

_MAX_MEMBERS = 10_000_000


class ContainerError(Exception):
    """A contained photo that can't be read; the message is the reason, in a few words."""


def container_of(path: Path) -> tuple[Path, str] | None:
    """The container that a path lies in, and the photo's name inside; None for an ordinary path."""
    for parent in path.parents:
        if parent.suffix.lower() in SUFFIXES and parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return None


def read_contained(path: Path) -> bytes | None:
    """The bytes of a photo inside a container; None when its path leads through none.

    Raises:
        ContainerError: when the container has no such photo, or can't be read.
    """
    found = container_of(path)
    if found is None:
        return None
    container, inner = found
    state = container.stat()
    key = (str(container), state.st_mtime_ns, state.st_size)
    return _from_tar(key, inner) if container.suffix.lower() == ".tar" else _from_parquet(key, inner)


_Key = tuple[str, int, int]  # a changed file is another


class _Blocks:
    """Blocks of rows that were read last, up to so many bytes; safe for many threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.blocks: OrderedDict[tuple[_Key, int], pl.Series] = OrderedDict()
        self.sizes: dict[tuple[_Key, int], int] = {}
        self.loading: dict[tuple[_Key, int], threading.Lock] = {}

    def get(self, key: _Key, block: int) -> pl.Series:
        name = (key, block)
        with self.lock:
            if name in self.blocks:
                self.blocks.move_to_end(name)
                return self.blocks[name]
            loading = self.loading.setdefault(name, threading.Lock())
        with loading:  # neighbours ask for the same block at once: one reads it
            with self.lock:
                if name in self.blocks:
                    return self.blocks[name]
            series = _read_block(key, block)
            with self.lock:
                self.blocks[name] = series
                self.sizes[name] = int(series.estimated_size())
                while len(self.blocks) > 1 and sum(self.sizes.values()) > _CACHED_BYTES:
                    old, _ = self.blocks.popitem(last=False)
                    del self.sizes[old]
                self.loading.pop(name, None)
        return series


_blocks = _Blocks()


def _read_block(key: _Key, block: int) -> pl.Series:
    expression = _photo_bytes(key)
    return (
        pl.scan_parquet(key[0], glob=False)
        .select(expression)
        .slice(block * _ROWS, _ROWS)
        .collect()
        .to_series()
    )


@lru_cache(maxsize=64)
def _photo_bytes(key: _Key) -> pl.Expr:
    from maskwise.data.readers.parquet import bytes_of, photo_columns

    schema = dict(pl.scan_parquet(key[0], glob=False).collect_schema())
    columns = photo_columns(schema)
    if not columns:
        raise ContainerError("its Parquet file has no column of photos")
    return bytes_of(columns[0], schema[columns[0]])


def _from_parquet(key: _Key, inner: str) -> bytes:
    if not inner.isdecimal() or len(inner) > 12:
        raise ContainerError("no row of its Parquet file")
    row = int(inner)
    try:
        series = _blocks.get(key, row // _ROWS)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ContainerError("its Parquet file can't be read") from error
    if row % _ROWS >= len(series):
        raise ContainerError("missing")
    content: bytes | None = series[row % _ROWS]
    if content is None:
        raise ContainerError("missing")
    return content


@lru_cache(maxsize=64)
def _members(key: _Key) -> dict[str, tuple[int, int]]:
    """Where the ordinary members of an uncompressed tar archive lie: offset and size by name."""
    found: dict[str, tuple[int, int]] = {}
    with tarfile.open(key[0], mode="r:") as archive:
        for member in archive:
            if member.isreg() and not member.issparse():
                found[member.name.removeprefix("./")] = (member.offset_data, member.size)
            if len(found) > _MAX_MEMBERS:
                raise ContainerError(f"its archive has more than {_MAX_MEMBERS:,} members")
    return found


def tar_members(path: Path) -> list[str]:
    """The names of the ordinary members of a tar archive, in its order.

    Raises:
        ContainerError: when it is no uncompressed tar archive.
    """
    return list(_open_members(_key_of(path)))


def _key_of(path: Path) -> _Key:
    state = path.stat()
    return str(path), state.st_mtime_ns, state.st_size


def _open_members(key: _Key) -> dict[str, tuple[int, int]]:
    try:
        return _members(key)
    except (tarfile.TarError, OSError) as error:
        raise ContainerError("its archive is no uncompressed tar file") from error


def _from_tar(key: _Key, inner: str) -> bytes:
    members = _open_members(key)
    if inner not in members:
        raise ContainerError("missing")
    offset, size = members[inner]
    with open(key[0], "rb") as stream:  # noqa: PTH123 - not Path.open: as quick as it goes
        stream.seek(offset, os.SEEK_SET)
        return stream.read(min(size, _CACHED_BYTES))
