"""The photos that a user names: files, folders, globs, or a CSV of paths; streamed, never listed whole."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from maskwise.data.competition import PHOTO_SUFFIXES
from maskwise.data.csv_text import read_csv_text
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
        if path.is_dir():
            yield from _below(path)
        elif path.suffix.lower() == ".csv" and path.is_file():
            yield from _listed(path)
        elif path.exists():
            yield path
        elif glob.has_magic(source):
            matches = sorted(glob.glob(source, recursive=True))
            if not matches:
                raise InputError(f"Expected {source!r} to match at least one file, got none.")
            for match in matches:
                yield from _below(Path(match)) if Path(match).is_dir() else [Path(match)]
        else:
            raise InputError(
                f"Expected {source} to be a photo, a folder, a glob or a CSV of paths; it does not exist."
            )


def _below(folder: Path) -> Iterator[Path]:
    """Photos below a folder, depth first, one directory's names in memory at a time."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"Expected {folder} to be readable, got: {error.strerror}.") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        elif Path(entry.name).suffix.lower() in PHOTO_SUFFIXES:
            yield Path(entry.path)


def _listed(table: Path) -> Iterator[Path]:
    raw = read_csv_text(table)
    column = "photo" if "photo" in raw.columns else raw.columns[0]
    for row, name in enumerate(raw[column], start=2):
        if not name.strip():
            raise InputError(f"{table}, row {row}, column {column}: expected a path, got nothing.")
        yield table.parent / name.strip()
