"""Reader for photos in class-named folders, with or without train/val/test above them; also one flat folder.

Columns: `folder`, the first folder below the data (or below the part of the split), `subfolder` and `subfolder_2`
what lies below it, and `split`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from maskwise.data.photo_suffixes import PHOTO_SUFFIXES
from maskwise.data.readers.declared_table import raw_reader
from maskwise.data.readers.raw_table import RawTable
from maskwise.data.readers.split_names import SPLIT_NAMES, split_note
from maskwise.errors import InputError

_LEVELS = ("folder", "subfolder", "subfolder_2")


def photos_below(folder: Path) -> Iterator[tuple[str, ...]]:
    """The parts of photos' paths below a folder, sorted; without hidden ones, links to folders not followed."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(parent).relative_to(folder).parts
        for name in sorted(names):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in PHOTO_SUFFIXES:  # noqa: PTH122
                yield (*inside, name)


def read_class_folders(folder: Path) -> RawTable:
    """A row for each photo, with the folders it lies in.

    Raises:
        InputError: when there are no photos.
    """
    found = list(photos_below(folder))
    if not found:
        raise InputError(f"{folder}: expected photos ({', '.join(sorted(PHOTO_SUFFIXES))}), got none.")
    tops = {parts[0] for parts in found if len(parts) > 1}
    has_split = any(SPLIT_NAMES.get(top.lower()) == "train" for top in tops) and all(
        top.lower() in SPLIT_NAMES for top in tops
    )
    columns: dict[str, list[str | None]] = {"photo": ["/".join(parts) for parts in found]}
    if has_split:
        columns["split"] = [SPLIT_NAMES[parts[0].lower()] if len(parts) > 1 else None for parts in found]
    levels = [parts[has_split:-1] if len(parts) > 1 else () for parts in found]
    for place, name in enumerate(_LEVELS):
        if any(len(level) > place for level in levels):
            columns[name] = [level[place] if len(level) > place else None for level in levels]
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    notes = split_note(tops) if has_split else ()
    if "folder" in columns and (loose := sum(not level for level in levels)):
        notes = (*notes, f"{loose:,} photos lie in no class folder, so their class is unknown")
    return RawTable(frame, folder, folder, first_row=1, photo_column="photo", notes=notes)


def _recognizes(data: Path) -> bool:
    return data.is_dir() and next(photos_below(data), None) is not None


reader = raw_reader(
    name="class_folders",
    layout="a folder of photos, in folders named by class or with a from_path in task.yaml",
    recognizes=_recognizes,
    read_raw=read_class_folders,
)
