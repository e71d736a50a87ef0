"""`runs`: what is in a folder of runs, and in which values they differ."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwise.errors import InputError
from maskwise.files import check_folder
from maskwise.recipes.recipe_values import differing_values, distinct_variables, in_words
from maskwise.studies.finished_run import FinishedRun, read_run

MOST_KEYS = 6


@dataclass(frozen=True)
class Listed:
    """Rows of a table, the recipe keys that are shown, and why some folders are left out."""

    rows: list[list[str]]
    keys: list[str]
    unfinished: list[str]


def list_runs(folder: Path, *, sort: str = "score") -> Listed:
    """The finished runs of a folder.

    Args:
        folder: holds run folders.
        sort: `score`, `time`, `name` or a recipe's key.

    Raises:
        InputError: when there are no runs, or `sort` is none of these.
    """
    check_folder(folder, "a folder of runs")
    runs: list[FinishedRun] = []
    unfinished = []
    for place in sorted(folder.iterdir()):
        if not (place / "recipe.yaml").is_file():
            continue
        try:
            runs.append(read_run(place))
        except InputError as error:
            unfinished.append(str(error))
    if not runs and not unfinished:
        raise InputError(f"Expected run folders in {folder}, got none.")
    keys = (
        distinct_variables(differing_values([run.values for run in runs]))[:MOST_KEYS]
        if len(runs) > 1
        else []
    )
    if sort == "score":
        runs.sort(key=_score)
    elif sort == "time":
        runs.sort(key=_seconds)
    elif sort != "name":
        if runs and not any(sort in run.values for run in runs):
            raise InputError(f"Expected --sort to be score, time, name or a recipe's key, got {sort!r}.")
        runs.sort(key=lambda run: _sortable(run.values.get(sort)))
    return Listed([_row(run, keys) for run in runs], keys, unfinished)


def _sortable(value: Any) -> tuple[int, float, str]:  # noqa: ANN401 - whatever a recipe holds
    """Numbers by size, in front of words by the alphabet."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (0, float(value), "") if number else (1, 0.0, str(value))


def _score(run: FinishedRun) -> float:
    return -float((run.metrics.get("macro_f1") or {"value": 0})["value"])


def _seconds(run: FinishedRun) -> float:
    return float(run.metrics.get("seconds") or 0)


def _row(run: FinishedRun, keys: list[str]) -> list[str]:
    score: dict[str, Any] | None = run.metrics.get("macro_f1")
    value, interval = ("-", "-") if score is None else (f"{score['value']:.3f}", _interval(score["ci95"]))
    parents = ", ".join(f"{p['role']} {Path(p['run']).name}" for p in run.lineage.get("parents", []))
    return [
        run.name,
        run.recipe.name,
        value,
        interval,
        str(run.metrics.get("scored_on") or "nobody"),
        f"{_seconds(run) / 60:.1f}",
        *(in_words(key, run.values) for key in keys),
        parents,
    ]


def _interval(bounds: list[float]) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"
