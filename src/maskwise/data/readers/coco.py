"""Reader for COCO's JSON as classifications: images, and the categories of their annotations; boxes are not read."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from maskwise.data.readers.declared_table import raw_reader
from maskwise.data.readers.raw_table import RawTable
from maskwise.errors import InputError, in_short

CATEGORY = "category"
"""The column of the images' categories: a list where an image has several."""

_KEYS = ("images", "annotations", "categories")


def read_coco(path: Path) -> RawTable:
    """A row for each image, with its other scalar entries as columns.

    Raises:
        InputError: naming the list and entry of what is wrong.
    """
    content = _content(path)
    names = {
        _entry(c, "id", path, "categories", k): str(_entry(c, "name", path, "categories", k))
        for k, c in enumerate(content["categories"])
    }
    of_image: dict[Any, list[str]] = {}
    for place, annotation in enumerate(content["annotations"]):
        category = _entry(annotation, "category_id", path, "annotations", place)
        if category not in names:
            raise InputError(
                f"{path}, annotations[{place}].category_id: expected the id of a category, got {category!r}."
            )
        found = of_image.setdefault(_entry(annotation, "image_id", path, "annotations", place), [])
        if names[category] not in found:
            found.append(names[category])
    rows = content["images"]
    ids = [_entry(row, "id", path, "images", place) for place, row in enumerate(rows)]
    if unknown := of_image.keys() - set(ids):
        raise InputError(f"{path}, annotations: expected the ids of images, got {next(iter(unknown))!r}.")
    columns: dict[str, pl.Series] = {}
    columns["file_name"] = pl.Series(
        [str(_entry(r, "file_name", path, "images", k)) for k, r in enumerate(rows)]
    )
    keys = dict.fromkeys(
        key for row in rows for key, value in row.items() if not isinstance(value, (dict, list))
    )
    for key in keys:
        if key not in columns:
            cells = [None if row.get(key) is None else str(row[key]) for row in rows]
            columns[key] = pl.Series(cells, dtype=pl.String)
    labels = [of_image.get(image) for image in ids]
    if any(label is not None and len(label) > 1 for label in labels):
        columns[CATEGORY] = pl.Series(labels, dtype=pl.List(pl.String))
    else:
        columns[CATEGORY] = pl.Series([label[0] if label else None for label in labels], dtype=pl.String)
    frame = pl.DataFrame(columns)
    root = next(
        (
            f
            for f in (path.parent, path.parent / "images", path.parent.parent / path.stem)
            if rows and (f / frame["file_name"][0]).is_file()
        ),
        path.parent,
    )
    return RawTable(frame, root, path, first_row=0, photo_column="file_name")


def _content(path: Path) -> dict[str, list[Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"Expected {path} to be a readable JSON file, got: {in_short(error)}.") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in _KEYS):
        raise InputError(f"{path}: expected COCO's lists {', '.join(_KEYS)}, got something else.")
    return content


def _entry(row: Any, key: str, path: Path, where: str, place: int) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(row, dict) or row.get(key) is None or isinstance(row[key], (dict, list)):
        raise InputError(f"{path}, {where}[{place}]: expected {key}, got none.")
    return row[key]


reader = raw_reader(
    name="coco",
    layout="a COCO .json with images, annotations and categories",
    recognizes=lambda data: data.is_file() and data.suffix.lower() == ".json",
    read_raw=read_coco,
)
