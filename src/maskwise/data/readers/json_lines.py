"""JSON Lines read as text: an object in each line, its keys the columns."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from maskwise.data.readers.text_encoding import detect_encoding
from maskwise.errors import InputError, in_short

_CHUNK = 50_000


def read_json_lines(path: Path) -> pl.DataFrame:
    """All columns as text, lists of texts as lists; null and absent keys are null.

    Raises:
        InputError: naming file and line of what is no object.
    """
    chunks: list[pl.DataFrame] = []
    try:
        with path.open(encoding=detect_encoding(path)) as stream:
            rows = _objects(stream, path)
            while chunk := list(itertools.islice(rows, _CHUNK)):
                chunks.append(_frame(chunk))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Expected {path} to be a JSON Lines file, got: {in_short(error)}.") from error
    if not chunks:
        return pl.DataFrame()
    lists = {name for chunk in chunks for name, dtype in chunk.schema.items() if dtype.is_nested()}
    aligned = [
        chunk.with_columns(
            [
                pl.concat_list(name) if chunk[name].null_count() < chunk.height else pl.lit(None).alias(name)
                for name in lists
                if name in chunk.columns and not chunk.schema[name].is_nested()
            ]
        )
        for chunk in chunks
    ]
    return pl.concat(aligned, how="diagonal_relaxed")


def _objects(stream: Iterator[str], path: Path) -> Iterator[dict[str, object]]:
    for place, line in enumerate(stream, start=1):
        if not line.strip():
            raise InputError(f"{path}, line {place}: expected an object, got a blank line; remove it.")
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path}, line {place}: expected a JSON object, got: {in_short(error)}."
            ) from error
        if not isinstance(content, dict):
            raise InputError(f"{path}, line {place}: expected a JSON object, got {type(content).__name__}.")
        yield content


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame([_series(name, [row.get(name) for row in rows]) for name in names])


def _series(name: str, values: list[Any]) -> pl.Series:
    if any(isinstance(value, list) for value in values):
        lists = [
            None
            if value is None
            else [_text(item) or "" for item in (value if isinstance(value, list) else [value])]
            for value in values
        ]
        return pl.Series(name, lists, dtype=pl.List(pl.String))
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
