"""The photos that a user names: files, folders, globs, or a CSV of paths; streamed, a folder at a time."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from maskwise.data.photo_suffixes import PHOTO_SUFFIXES
from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.table import require_columns, require_values
from maskwise.errors import InputError


def iterate_photos(sources: Sequence[str]) -> Iterator[Path]:
    """Paths in a stable order: sources as given, folders and globs sorted by name.

    A file that is named is always given, whatever it is, so that it keeps its row; in folders only files with
    a photo's suffix are taken.

    Raises:
        InputError: when a source does not exist or a glob matches nothing.
    """
    for source in sources:
        path = Path(source)
        mode = _mode(path)
        if stat.S_ISDIR(mode):
            yield from _below(path)
        elif path.suffix.lower() == ".csv" and stat.S_ISREG(mode):
            yield from _listed(path)
        elif path.suffix.lower() == ".parquet" and mode:
            raise InputError(f"Expected a photo, a folder, a glob or a CSV of paths, got the table {source}.")
        elif mode:
            yield path
        elif glob.has_magic(source):
            matches = _matching(path)
            if not matches:
                raise InputError(f"Expected {source!r} to match at least one file, got none.")
            for match in matches:
                yield from _below(match) if match.is_dir() else [match]
        else:
            raise InputError(
                f"Expected {source} to be a photo, a folder, a glob or a CSV of paths; it does not exist."
            )


def _mode(path: Path) -> int:
    """What a path is; 0 when there is nothing, or can't be for such a name."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def _matching(pattern: Path) -> list[Path]:
    """What a glob matches, sorted; `**` does not follow links to folders, and `*` matches no hidden names."""
    parts = pattern.parts
    fixed = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    base, wanted = Path(*parts[:fixed]), parts[fixed:]
    matches = base.glob("/".join(wanted))
    if not any(part.startswith(".") for part in wanted):
        matches = (m for m in matches if not any(p.startswith(".") for p in m.relative_to(base).parts))
    try:
        return sorted(matches)
    except (ValueError, NotImplementedError) as error:  # `**.jpg`
        raise InputError(f"Expected a glob, got {pattern}: {error}.") from error


def _below(folder: Path) -> Iterator[Path]:
    """Photos below a folder, depth first, one directory's names in memory at a time."""
    names, folders = list[str](), set[str]()  # not entries, which take more than twice the memory
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.add(entry.name)
                elif os.path.splitext(entry.name)[1].lower() not in PHOTO_SUFFIXES:  # noqa: PTH122 - a million times
                    continue
                names.append(entry.name)
    except OSError as error:
        raise InputError(f"Expected {folder} to be readable, got: {error.strerror}.") from error
    names.sort()
    for name in names:
        if name in folders:
            yield from _below(folder / name)
        else:
            yield folder / name


def _listed(table: Path) -> Iterator[Path]:
    raw = read_csv_text(table)
    if raw.width == 1 and Path(raw.columns[0]).suffix.lower() in PHOTO_SUFFIXES:
        yield table.parent / raw.columns[0]  # a plain list of paths has no header
        raw = raw.rename({raw.columns[0]: "photo"})
    require_columns(raw, ("photo",), table)
    for name in require_values(raw, "photo", table):
        yield table.parent / name
