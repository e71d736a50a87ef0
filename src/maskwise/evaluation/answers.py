"""Labels from a separate CSV, such as a competition's answers, joined to the photos of a data set."""

from pathlib import Path

import polars as pl

from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.table import PhotoTable, check_labels, require_columns, require_values
from maskwise.errors import InputError
from maskwise.tasks.label_space import LabelSpace
from maskwise.tasks.spelling import normalized, normalized_series


def add_answers(table: PhotoTable, path: Path, space: LabelSpace) -> PhotoTable:
    """The table with labels (and persons and groups, where given) from a CSV, matched by photo.

    Args:
        table: the photos.
        path: a CSV with `ImageID,ans`, or with `photo` and label columns.
        space: the label space.

    Raises:
        InputError: when the CSV lacks a column, names a photo twice, or names none of the table's.
    """
    raw = read_csv_text(path)
    key = "ImageID" if "ImageID" in raw.columns else "photo"
    require_columns(raw, (key,), path)
    names = normalized_series(require_values(raw, key, path))
    if names.is_duplicated().any():
        raise InputError(
            f"{path}: expected each {key} once, got {names.filter(names.is_duplicated())[0]!r} again."
        )
    known = ["ans", *(a.name for a in space.attributes), *(a.label_column for a in space.attributes)]
    if not any(column in raw.columns for column in known):
        raise InputError(
            f"{path}: expected a column ans, or some of {', '.join(dict.fromkeys(known[1:]))}, "
            f"got {', '.join(raw.columns)}."
        )
    if not raw.height:
        raise InputError(f"{path}: expected at least one row, got none.")
    own = table.frame["id" if key == "ImageID" else "photo"].to_list()
    place = {name: row for row, name in enumerate(names)}
    rows = [None if name is None else place.get(normalized(name)) for name in own]
    if all(row is None for row in rows):
        raise InputError(
            f"{path}: expected {key} of the data's photos, such as {own[0]!r}, got {names[0]!r} and others."
        )
    typed = _answers(raw, path, space) if "ans" in raw.columns else check_labels(raw, space, path)
    if "person" in raw.columns:  # an empty cell is an unknown person, not one that all such photos share
        raw = raw.with_columns(normalized_series(raw["person"]).replace("", None))
    extras = raw.drop(
        [c for c in raw.columns if c in (*typed.columns, key, "ans", "id", "photo", "split", "source")]
    )
    both = typed.hstack(extras).with_row_index("row")
    picked = pl.DataFrame({"row": rows}, schema={"row": pl.UInt32}).join(
        both, on="row", how="left", maintain_order="left"
    )
    kept = table.frame.drop([c for c in picked.columns if c in table.frame.columns])
    frame = kept.hstack(picked.drop("row"))
    return PhotoTable(frame, table.root, table.space, table.notes)


def _answers(raw: pl.DataFrame, path: Path, space: LabelSpace) -> pl.DataFrame:
    """Label columns from the joint classes of an `ans` column."""
    classes = raw["ans"].cast(pl.Int64, strict=False)
    wrong = (~classes.is_between(0, space.n_classes - 1).fill_null(False)).arg_true()
    if len(wrong):
        raise InputError(
            f"{path}, row {wrong[0] + 2}, column ans: expected a class from 0 to {space.n_classes - 1}, "
            f"got {raw['ans'][int(wrong[0])]!r}."
        )
    values = space.decode(classes.to_numpy())
    columns = {
        attribute.label_column: [attribute.values[v] for v in values[:, place]]
        for place, attribute in enumerate(space.attributes)
    }
    return check_labels(pl.DataFrame(columns), space, path)
