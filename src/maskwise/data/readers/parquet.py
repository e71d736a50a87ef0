"""Parquet tables with photos' paths, or with the photos themselves in a column of bytes."""

from pathlib import Path

import polars as pl

from maskwise.data.readers.raw_table import PHOTO_COLUMNS
from maskwise.errors import InputError, in_short

EMBEDDED = "photo"
"""The column of the names of embedded photos, `<file>/<row>`; see `data.containers`."""


def read_parquet_text(path: Path, name: str) -> tuple[pl.DataFrame, str | None]:
    """The columns of a Parquet file as text, lists of texts as lists, and the column of the photos' paths if known.

    Embedded photos are not read: they get the name `<name>/<row>`, rows counted from 0.

    Args:
        path: the file.
        name: what it is called, relative to the folder that photos' paths are relative to.

    Raises:
        InputError: when it is no Parquet file, or a photo has neither bytes nor a path.
    """
    try:
        lazy = pl.scan_parquet(path, glob=False)
        schema = dict(lazy.collect_schema())
        images = photo_columns(schema)
        if len(images) > 1:
            raise InputError(f"{path}: expected one column of photos, got {', '.join(images)}.")
        columns = [_as_text(column, dtype) for column, dtype in schema.items() if _is_readable(dtype)]
        frame = lazy.select(columns).collect()
        if not images:
            return frame, None
        photos = _embedded_names(lazy, images[0], schema[images[0]], path, name)
    except FileNotFoundError as error:
        raise InputError(f"Expected {path} to exist, but it does not.") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"Expected {path} to be a Parquet file, got: {in_short(error)}.") from error
    if EMBEDDED in frame.columns:
        frame = frame.drop(EMBEDDED)
    return frame.with_columns(photos.alias(EMBEDDED)), EMBEDDED


def photo_columns(schema: dict[str, pl.DataType]) -> list[str]:
    """Columns of photos: Hugging Face's structs; plain bytes only where no column looks like paths."""
    images = [
        column for column, dtype in schema.items() if isinstance(dtype, pl.Struct) and holds_photos(dtype)
    ]
    if not images and not any(schema.get(name) == pl.String for name in PHOTO_COLUMNS):
        images = [column for column, dtype in schema.items() if dtype == pl.Binary]
    return [column for column in images if column in PHOTO_COLUMNS] or images


def holds_photos(dtype: pl.DataType) -> bool:
    """Whether a column holds bytes, alone or as Hugging Face's `{bytes, path}`."""
    if isinstance(dtype, pl.Struct):
        return any(field.name == "bytes" and field.dtype == pl.Binary for field in dtype.fields)
    return dtype == pl.Binary


def bytes_of(column: str, dtype: pl.DataType) -> pl.Expr:
    """The bytes in a column of photos."""
    expression = pl.col(column)
    return expression.struct.field("bytes") if isinstance(dtype, pl.Struct) else expression


def _embedded_names(lazy: pl.LazyFrame, column: str, dtype: pl.DataType, path: Path, name: str) -> pl.Series:
    paths = pl.lit(None, dtype=pl.String)
    if isinstance(dtype, pl.Struct) and any(field.name == "path" for field in dtype.fields):
        paths = pl.col(column).struct.field("path").cast(pl.String)
    known = lazy.select(
        bytes_of(column, dtype).is_not_null().alias("embedded"),
        paths.alias("path"),
        pl.int_range(pl.len()).alias("row"),
    ).collect(engine="streaming")
    neither = known.filter(~pl.col("embedded") & pl.col("path").fill_null("").str.strip_chars().eq(""))
    if neither.height:
        more = f" ({neither.height - 1} more such rows)" if neither.height > 1 else ""
        raise InputError(
            f"{path}, row {neither['row'][0] + 1}, column {column}: expected bytes or a path, got neither{more}."
        )
    named = pl.concat_str(pl.lit(f"{name}/"), pl.col("row").cast(pl.String))
    return (
        known.sort("row")
        .select(pl.when("embedded").then(named).otherwise("path").alias(EMBEDDED))
        .to_series()
    )


def _is_readable(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List):
        return not dtype.inner.is_nested() and dtype.inner != pl.Binary
    return not dtype.is_nested() and dtype != pl.Binary


def _as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.List):
        return pl.col(column).cast(pl.List(pl.String))
    if dtype.is_float():  # 3.0 is written as 3: numbers as a person would write them
        whole = pl.col(column) == pl.col(column).floor()
        finite = pl.col(column).is_finite() & (pl.col(column).abs() < 1e15)
        return (
            pl.when(pl.col(column).is_nan())
            .then(None)
            .when(whole & finite)
            .then(pl.col(column).cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(pl.col(column).cast(pl.String))
            .alias(column)
        )
    return pl.col(column).cast(pl.String)
