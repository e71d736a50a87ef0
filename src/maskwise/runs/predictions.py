"""The predictions that a score was computed from, kept for every later question."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.errors import InputError, in_short
from maskwise.files import atomic_path
from maskwise.tasks.label_space import LabelSpace

SCHEMA = 1


def probability_columns(space: LabelSpace) -> list[str]:
    """`p_00`, `p_01`, ...: one column for each joint class."""
    return [f"p_{index:02d}" for index in range(space.n_classes)]


def persons_of(frame: pl.DataFrame) -> npt.NDArray[np.str_]:
    """The persons (N,) of rows with `photo` and `person`; a photo of an unknown person stands for itself."""
    return frame.select(pl.coalesce("person", "photo")).to_series().to_numpy().astype(np.str_)


def predictions_frame(
    photos: Sequence[str] | pl.Series,
    persons: pl.Series,
    labels: npt.NDArray[np.int64] | pl.Series,
    probabilities: npt.NDArray[np.float32],
    space: LabelSpace,
) -> pl.DataFrame:
    """Predictions as they are stored, one row per photo.

    Args:
        photos: names (N).
        persons: whose photos they are (N), null where unknown.
        labels: joint classes (N,), -1 where unknown.
        probabilities: joint probabilities (N, C).
        space: the label space.
    """
    columns = probability_columns(space)
    return pl.DataFrame({"photo": photos, "person": persons, "label": labels}).hstack(
        pl.DataFrame(probabilities, schema=dict.fromkeys(columns, pl.Float32))
    )


def write_predictions(path: Path, frame: pl.DataFrame) -> None:
    """Write predictions atomically.

    Raises:
        MaskwiseError: when the disk is full or the folder can't be written.
    """
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, metadata={"schema": str(SCHEMA)})


def read_predictions(path: Path, space: LabelSpace) -> pl.DataFrame:
    """Read `photo`, `person`, `label` and the probabilities of a label space's classes.

    Raises:
        InputError: when the file is missing or broken, or lacks a column.
    """
    wanted = ["photo", "person", "label", *probability_columns(space)]
    try:
        frame = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"Expected {path} to hold predictions, got: {in_short(error)}.") from error
    if missing := [name for name in wanted if name not in frame.columns]:
        raise InputError(
            f"Expected {path} to have columns {', '.join(wanted[:3])}, p_00, ..., missing {missing[0]}."
        )
    return frame.select(wanted)
