"""`runs`: the runs of a folder, and the values in which they differ."""

from dataclasses import dataclass
from pathlib import Path

from maskwise.errors import InputError
from maskwise.files import check_folder
from maskwise.recipes.recipe_values import differing_values, distinct_variables, in_words
from maskwise.runs.run import Run, open_finished_run
from maskwise.runs.run_folder import RunFolder

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
    runs: list[Run] = []
    unfinished = []
    for place in sorted(folder.iterdir()):
        if not RunFolder(place).recipe.is_file():
            continue
        try:
            runs.append(open_finished_run(place))
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
            raise InputError(
                f"Expected runs to be sorted by score, time, name or a recipe's key, got {sort!r}.",
                setting="sort",
            )
        runs.sort(key=lambda run: _sortable(run.values.get(sort)))
    return Listed([_row(run, keys) for run in runs], keys, unfinished)


def _sortable(value: object) -> tuple[int, float, str]:
    """Numbers by size, in front of words by the alphabet."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, float(value), ""
    return 1, 0.0, str(value)


def _score(run: Run) -> float:
    return 0.0 if run.metrics.macro_f1 is None else -run.metrics.macro_f1.value


def _seconds(run: Run) -> float:
    return float(run.metrics.seconds or 0)


def _row(run: Run, keys: list[str]) -> list[str]:
    score = run.metrics.macro_f1
    value, interval = ("-", "-") if score is None else (f"{score.value:.3f}", _interval(score.ci95))
    parents = ", ".join(f"{parent.role} {Path(parent.run).name}" for parent in run.lineage.parents)
    return [
        run.name,
        run.recipe.name,
        value,
        interval,
        str(run.metrics.scored_on or "nobody"),
        f"{_seconds(run) / 60:.1f}",
        *(in_words(key, run.values) for key in keys),
        parents,
    ]


def _interval(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"
