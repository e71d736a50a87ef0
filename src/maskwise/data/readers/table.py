"""Reader for a table of photos, CSV or Parquet: one row a photo."""

from pathlib import Path

import polars as pl

from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.readers.registry import Reader
from maskwise.data.table import (
    SPLIT_VALUES,
    PhotoTable,
    UnreadLabel,
    check_labels,
    require_columns,
    require_rows,
    require_values,
)
from maskwise.errors import InputError
from maskwise.tasks.label_space import LabelSpace

TABLE_SUFFIXES = frozenset({".csv", ".parquet"})


def read_table(path: Path, space: LabelSpace, unread: list[UnreadLabel] | None = None) -> PhotoTable:
    """Read a table with at least a `photo` column; paths are relative to the table's folder.

    Without a `person` column persons are unknown (null): such a table can be predicted and evaluated, and
    trained on only with a split that it brings itself. For `unread` see `check_labels`.

    Raises:
        InputError: naming file, row and column of what is wrong.
    """
    raw = _read_parquet(path) if path.suffix.lower() == ".parquet" else read_csv_text(path)
    # The first row of data stands in line 2 of a CSV; Parquet has no header line.
    first_row = 1 if path.suffix.lower() == ".parquet" else 2
    require_columns(raw, ("photo",), path)
    photos = require_values(raw, "photo", path, first_row)
    repeated = photos.is_duplicated().arg_true()
    if len(repeated):
        raise InputError(
            f"{path}, row {repeated[1] + first_row}, column photo: expected each photo once, "
            f"got {photos[int(repeated[1])]!r} again."
        )
    frame = pl.DataFrame({"photo": photos}).hstack(check_labels(raw, space, path, first_row, unread))
    for name in ("person", "id"):
        if name in raw.columns:
            frame = frame.with_columns(require_values(raw, name, path, first_row))
        else:
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    frame = frame.with_columns(_split(raw, path, first_row))
    if "source" not in raw.columns:
        frame = frame.with_columns(pl.lit(path.stem).alias("source"))
    frame = frame.hstack(raw.drop([name for name in raw.columns if name in frame.columns]))
    return PhotoTable(frame, path.parent, space)


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        raw = pl.read_parquet(path, glob=False)
    except FileNotFoundError as error:
        raise InputError(f"Expected {path} to exist, but it does not.") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"Expected {path} to be a Parquet file, got: {error}.") from error
    nested = [name for name, dtype in raw.schema.items() if dtype.is_nested() or dtype == pl.Binary]
    return raw.drop(nested)


def _split(raw: pl.DataFrame, path: Path, first_row: int) -> pl.Series:
    if "split" not in raw.columns:
        return pl.Series("split", [None] * raw.height, dtype=pl.String)
    text = raw["split"].cast(pl.String).fill_null("").str.strip_chars()
    wrong = (~text.is_in([*SPLIT_VALUES, ""])).arg_true()
    if len(wrong):
        raise InputError(
            f"{path}, row {wrong[0] + first_row}, column split: expected {' or '.join(SPLIT_VALUES)}, or empty, "
            f"got {text[int(wrong[0])]!r}."
        )
    return text.replace("", None).alias("split")


reader = Reader(
    name="table",
    layout="a table ending in .csv or .parquet",
    recognizes=lambda data: data.is_file() and data.suffix.lower() in TABLE_SUFFIXES,
    read=lambda data, space, unread: require_rows(read_table(data, space, unread), data),
)
