"""Scores of anybody's predictions, each with its interval over groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from maskwise.errors import InputError
from maskwise.evaluation.prediction_table import PredictionTable
from maskwise.metrics.array_inputs import Floats
from maskwise.metrics.group_intervals import DRAWS, score_interval
from maskwise.metrics.interval import Interval
from maskwise.metrics.measures import Measure

JOINT = "all columns together"
MOST_JOINT_CLASSES = 200
_SEPARATOR = " / "


@dataclass(frozen=True)
class TableScore:
    """One score: of which column, by which measure."""

    what: str
    measure: str
    interval: Interval
    n_classes: int


@dataclass(frozen=True)
class ScoreReport:
    """The scores of one file of predictions."""

    scores: tuple[TableScore, ...]
    n_rows: int
    n_groups: int
    group: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ScoredArrays:
    """What is scored together: labels and predictions (N,), and the classes in order."""

    what: str
    y_true: pl.Series
    y_pred: pl.Series
    labels: list[str]


def scored_arrays(tables: Sequence[PredictionTable]) -> list[list[ScoredArrays]]:
    """For each table its columns, preceded by all columns together; classes are those of all tables.

    Columns together span the product of their classes, as long as those are not more than 200.
    """
    names = [column.name for column in tables[0].columns]
    classes: list[list[str]] = []
    for place in range(len(names)):
        values = [s for t in tables for s in (t.columns[place].y_true, t.columns[place].y_pred)]
        classes.append(pl.concat([s.unique().rename("") for s in values]).unique().sort().to_list())
    product = [""]
    for values_of in classes:
        product = [left + (_SEPARATOR if left else "") + value for left in product for value in values_of]
        if len(product) > MOST_JOINT_CLASSES:
            break
    together = len(names) > 1 and len(product) <= MOST_JOINT_CLASSES
    found = []
    for table in tables:
        arrays = [
            ScoredArrays(column.name, column.y_true, column.y_pred, values)
            for column, values in zip(table.columns, classes, strict=True)
        ]
        if together:
            truth, predicted = (
                pl.DataFrame([getattr(c, side).rename(c.name) for c in table.columns]).select(
                    pl.concat_str(pl.all(), separator=_SEPARATOR).alias(JOINT)
                )[JOINT]
                for side in ("y_true", "y_pred")
            )
            arrays.insert(0, ScoredArrays(JOINT, truth, predicted, product))
        found.append(arrays)
    return found


def score_table(
    table: PredictionTable,
    measures: Sequence[Measure],
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> ScoreReport:
    """Score a file of predictions by each measure that can be computed from it.

    Args:
        table: the predictions beside the truth.
        measures: what to compute.
        level: of the intervals.
        draws: bootstrap draws of groups.
        seed: of the draws.

    Raises:
        InputError: when a measure needs something that the file does not have.
    """
    scores = []
    for arrays in scored_arrays([table])[0]:
        for measure in measures:
            if measure.needs != "classes" and arrays.what == JOINT:
                continue
            prediction = prediction_for(measure, arrays, table)
            interval = score_interval(
                measure,
                arrays.y_true,
                prediction,
                groups=table.groups,
                labels=arrays.labels,
                level=level,
                draws=draws,
                seed=seed,
            )
            scores.append(TableScore(arrays.what, measure.name, interval, len(arrays.labels)))
    n_groups = table.n_rows if table.groups is None else table.groups.n_unique()
    notes = table.notes
    if len(table.columns) > 1 and not any(score.what == JOINT for score in scores):
        notes = (*notes, f"all columns together have over {MOST_JOINT_CLASSES} classes: only each is scored")
    return ScoreReport(tuple(scores), table.n_rows, n_groups, table.group, notes)


def prediction_for(measure: Measure, arrays: ScoredArrays, table: PredictionTable) -> pl.Series | Floats:
    """What a measure needs: the predicted classes (N,), the columns `p_<class>` (N, C), or the last of these (N,).

    Raises:
        InputError: when a column of probabilities is missing or holds something else than numbers.
    """
    if measure.needs == "classes":
        return arrays.y_pred
    columns = []
    for label in arrays.labels if measure.needs == "probabilities" else arrays.labels[-1:]:
        name = f"p_{label}"
        if name not in table.rows.columns:
            raise InputError(
                f"Expected {table.path} to have the column {name} with the probability of {arrays.what} = {label}, as "
                f"{measure.name} needs it."
            )
        numbers = table.rows[name].cast(pl.Float64, strict=False)
        if numbers.null_count():
            row = int(numbers.is_null().arg_true()[0])
            raise InputError(f"{table.path}, column {name}: expected numbers, got {table.rows[name][row]!r}.")
        columns.append(numbers.to_numpy())
    return np.stack(columns, axis=1) if measure.needs == "probabilities" else columns[0]
