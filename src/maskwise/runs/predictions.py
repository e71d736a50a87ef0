"""`predictions.parquet`: what a score was computed from, kept for every later question."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.table import PhotoTable
from maskwise.files import atomic_path
from maskwise.tasks.label_space import LabelSpace

SCHEMA = 1


def probability_columns(space: LabelSpace) -> list[str]:
    """`p_00`, `p_01`, ...: a column for each joint class."""
    return [f"p_{index:02d}" for index in range(space.n_classes)]


def persons_of(frame: pl.DataFrame) -> npt.NDArray[np.str_]:
    """The persons (N,) of rows with `photo` and `person`; a photo of an unknown person stands for itself."""
    return frame.select(pl.coalesce("person", "photo")).to_series().to_numpy().astype(np.str_)


def save_predictions(
    path: Path,
    table: PhotoTable,
    labels: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
) -> None:
    """Write `photo`, `person` (null where unknown), `label` and a probability for each class.

    Args:
        path: where to.
        table: the photos (N).
        labels: joint classes (N,), -1 where unknown.
        probabilities: joint probabilities (N, C).
    """
    columns = probability_columns(table.space)
    frame = pl.DataFrame({"photo": table.photos, "person": table.frame["person"], "label": labels}).hstack(
        pl.DataFrame(probabilities, schema=dict.fromkeys(columns, pl.Float32))
    )
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, metadata={"schema": str(SCHEMA)})
