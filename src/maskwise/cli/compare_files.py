"""`maskwise compare` of files of predictions, of any model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from maskwise.errors import InputError

if TYPE_CHECKING:
    from maskwise.studies.compare_tables import TableStudy


@dataclass(frozen=True)
class FileOptions:
    """The options of `compare` that only files of predictions take."""

    truth: Path | None
    group: str | None
    columns: str | None
    measures: str
    specificity: float
    costs: Path | None
    adjustment: str
    seed: int

    @property
    def given(self) -> bool:
        """Whether one of them was given that runs do not take."""
        return bool(self.truth or self.group or self.columns or self.costs)


def compare_files(
    files: Sequence[Path], options: FileOptions, *, margin: float, as_json: bool, out: Path | None
) -> None:
    """Compare files of predictions with the first of them, and print the verdicts."""
    from maskwise.cli.score import named_measures, open_predictions
    from maskwise.files import write_json
    from maskwise.metrics.multiple_testing import ADJUSTMENTS
    from maskwise.studies.compare_tables import compare_tables
    from maskwise.studies.table_study_file import table_study_json

    adjustment = next((name for name in ADJUSTMENTS if name == options.adjustment), None)
    if adjustment is None:
        raise InputError(
            f"Expected --adjust to be one of {', '.join(ADJUSTMENTS)}, got {options.adjustment!r}."
        )
    tables = open_predictions(files, options.truth, options.group, options.columns)
    measures = named_measures(options.measures, options.specificity, options.costs)
    study = compare_tables(tables, measures, margin=margin, adjustment=adjustment, seed=options.seed)
    content = table_study_json(study)
    if out is not None:
        write_json(out, content)
    if as_json:
        import json

        typer.echo(json.dumps(content, indent=2))
        return
    _print(study)


def _print(study: "TableStudy") -> None:
    from rich.table import Table

    from maskwise.cli.terminal import create_console

    console = create_console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    left = ("file", "against", "", "measure", "verdict")
    for title in (*left[:4], "scores", "difference", "95% interval", "p", "verdict", "more groups needed"):
        table.add_column(title, justify="left" if title in left else "right")
    for entry in study.comparisons:
        found = entry.comparison
        needed = found.more_groups_needed
        table.add_row(
            str(entry.second),
            str(entry.first),
            entry.what,
            found.measure,
            f"{found.score_a:.3f} -> {found.score_b:.3f}",
            f"{found.difference.value:+.3f}",
            f"{found.difference.low:+.3f} to {found.difference.high:+.3f}",
            "<0.001" if found.p_value < 0.001 else f"{found.p_value:.3f}",
            found.verdict,
            "-" if needed is None else f"{needed:,}" if needed < 10**6 else "over a million",
        )
    console.print(table)
    units = "each its own group" if study.group == "none" else f"{study.n_groups:,} groups ({study.group})"
    margin = study.comparisons[0].comparison.margin
    console.print(
        f"{study.n_rows:,} rows, {units}; margin {margin:g}; p adjusted for {len(study.comparisons)} comparisons "
        f"({study.adjustment})"
    )
    for note in study.notes:
        console.print(f"Note: {note}.", style="yellow")
