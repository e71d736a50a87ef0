"""Tables for audits, and reading what an audit wrote."""

import csv
from pathlib import Path

from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from tests.pictures import picture, write_jpeg, write_table


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def table_of(folder: Path, persons: list[str | None]) -> PhotoTable:
    """A table whose photos nobody opens."""
    for number in range(len(persons)):
        write_jpeg(folder / f"{number:04d}.jpg", picture(0, height=8, width=8))
    photos = [(f"{number:04d}.jpg",) for number in range(len(persons))]
    if persons[0] is None:
        return read_data(write_table(folder / "table.csv", ("photo",), photos))
    named = [(*photo, person) for photo, person in zip(photos, persons, strict=True)]
    return read_data(write_table(folder / "table.csv", ("photo", "person"), named))
