"""Reader for WebDataset: tar archives whose members of one key are a photo and its labels; read without unpacking.

A sample `a/7` may have `a/7.jpg`, `a/7.cls` or `a/7.txt` (one label, in the column `cls` or `txt`), and `a/7.json`,
whose entries become columns.
"""

import json
from pathlib import Path

import polars as pl

from maskwise.data.containers import ContainerError, read_contained, tar_members
from maskwise.data.photo_suffixes import PHOTO_SUFFIXES
from maskwise.data.readers.declared_table import raw_reader
from maskwise.data.readers.raw_table import RawTable
from maskwise.errors import InputError, in_short

_LABELS = ("cls", "txt")


def _shards(data: Path) -> list[Path]:
    if data.is_file():
        return [data] if data.suffix.lower() == ".tar" else []
    return sorted(data.glob("*.tar")) if data.is_dir() else []


def read_webdataset(data: Path) -> RawTable:
    """A row for each sample that has a photo.

    Raises:
        InputError: naming archive and member of what is wrong.
    """
    root = data if data.is_dir() else data.parent
    rows: list[dict[str, object]] = []
    n_without = 0
    for shard in _shards(data):
        for key, members in _samples(shard).items():
            photo = next((name for ending, name in members.items() if f".{ending}" in PHOTO_SUFFIXES), None)
            if photo is None:
                n_without += 1
                continue
            row: dict[str, object] = {
                "photo": f"{shard.relative_to(root).as_posix()}/{photo}",
                "__key__": key,
            }
            for ending in _LABELS:
                if ending in members:
                    row[ending] = _content(shard, members[ending]).strip()
            if "json" in members:
                row.update(_entries(shard, members["json"]))
            rows.append(row)
    if not rows:
        raise InputError(f"{data}: expected archives with photos, got none.")
    names = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame(
        {name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names}
    )
    notes = (f"{n_without:,} samples have no photo and are left out",) if n_without else ()
    return RawTable(frame, root, data, first_row=1, photo_column="photo", notes=notes)


def _samples(shard: Path) -> dict[str, dict[str, str]]:
    """The members of each sample by their ending; a key ends at the first dot of the file's name."""
    samples: dict[str, dict[str, str]] = {}
    try:
        names = tar_members(shard)
    except ContainerError as error:
        raise InputError(f"{shard}: {error}.") from error
    for name in names:
        folder, _, base = name.rpartition("/")
        stem, dot, ending = base.partition(".")
        if dot and stem:
            samples.setdefault(f"{folder}/{stem}" if folder else stem, {})[ending.lower()] = name
    return samples


def _content(shard: Path, member: str) -> str:
    try:
        return (read_contained(shard / member) or b"").decode("utf-8")
    except (ContainerError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{shard}, {member}: expected text in UTF-8, got: {in_short(error)}.") from error


def _entries(shard: Path, member: str) -> dict[str, str | None]:
    try:
        content = json.loads(_content(shard, member))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{shard}, {member}: expected a JSON object, got: {in_short(error)}.") from error
    if not isinstance(content, dict):
        raise InputError(f"{shard}, {member}: expected a JSON object, got {type(content).__name__}.")
    return {
        key: None
        if value is None
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
        for key, value in content.items()
        if not isinstance(value, (dict, list)) and key not in ("photo", "__key__")
    }


reader = raw_reader(
    name="webdataset",
    layout="a WebDataset .tar, or a folder of them",
    recognizes=lambda data: bool(_shards(data)),
    read_raw=read_webdataset,
)
