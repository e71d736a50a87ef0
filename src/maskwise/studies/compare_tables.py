"""Files of predictions compared with the first of them: paired differences and verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwise.errors import InputError
from maskwise.evaluation.prediction_table import PredictionTable, check_same_rows
from maskwise.evaluation.score_table import JOINT, prediction_for, scored_arrays
from maskwise.metrics.comparison import Comparison, compare_scores, judge_together
from maskwise.metrics.group_intervals import DRAWS
from maskwise.metrics.measures import Measure
from maskwise.metrics.multiple_testing import Adjustment


@dataclass(frozen=True)
class TableComparison:
    """One file against the first, in one respect."""

    first: Path
    second: Path
    what: str
    comparison: Comparison


@dataclass(frozen=True)
class TableStudy:
    """All comparisons of files of predictions, their verdicts adjusted together."""

    comparisons: tuple[TableComparison, ...]
    n_rows: int
    n_groups: int
    group: str
    adjustment: Adjustment
    notes: tuple[str, ...]


def compare_tables(
    tables: Sequence[PredictionTable],
    measures: Sequence[Measure],
    *,
    margin: float | None = None,
    adjustment: Adjustment = "benjamini-hochberg",
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> TableStudy:
    """Compare files of predictions with the first of them.

    Args:
        tables: two or more, with the same rows.
        measures: what to compare by.
        margin: differences below it do not matter; 0.01 by default.
        adjustment: for the number of comparisons.
        level: of the intervals.
        draws: bootstrap draws of groups.
        seed: of the draws.

    Raises:
        InputError: when there are fewer than two, or their rows or truth differ.
    """
    if len(tables) < 2:
        raise InputError(f"Expected at least two files of predictions to compare, got {len(tables)}.")
    tables = check_same_rows(tables)
    arrays = scored_arrays(tables)
    found = []
    for place, table in enumerate(tables[1:], start=1):
        for of_first, of_other in zip(arrays[0], arrays[place], strict=True):
            for measure in measures:
                if measure.needs != "classes" and of_first.what == JOINT:
                    continue
                comparison = compare_scores(
                    measure,
                    of_first.y_true,
                    prediction_for(measure, of_first, tables[0]),
                    prediction_for(measure, of_other, table),
                    groups=tables[0].groups,
                    labels=of_first.labels,
                    margin=margin,
                    level=level,
                    draws=draws,
                    seed=seed,
                )
                found.append(TableComparison(tables[0].path, table.path, of_first.what, comparison))
    judged = judge_together([entry.comparison for entry in found], adjustment)
    entries = tuple(
        TableComparison(entry.first, entry.second, entry.what, comparison)
        for entry, comparison in zip(found, judged, strict=True)
    )
    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    return TableStudy(entries, tables[0].n_rows, judged[0].n_groups, tables[0].group, adjustment, notes)
