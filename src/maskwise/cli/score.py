"""`maskwise score`: the predictions of any model, scored with intervals; and the same options for `compare`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwise.errors import InputError

if TYPE_CHECKING:
    from maskwise.evaluation.prediction_table import PredictionTable
    from maskwise.evaluation.score_table import ScoreReport
    from maskwise.metrics.measures import Measure

Truth = Annotated[
    Path | None,
    typer.Option(
        help="The file with the true values; not needed where the predictions have y_true and y_pred.",
        show_default=False,
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        help="The column that says which rows belong together, such as the patient; none if each row is independent.",
        show_default=False,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(help="What to score, such as mask,age_band; all that both files have.", show_default=False),
]
Measures = Annotated[
    str,
    typer.Option(
        "--measures",
        help="Comma-separated: macro_f1, accuracy, quadratic_kappa, soft_macro_f1, log_loss, calibration_error, auroc, "
        "average_precision, sensitivity, expected_cost. Probabilities are read from columns p_<class>.",
    ),
]
Specificity = Annotated[
    float, typer.Option(help="The specificity at which sensitivity is measured.", min=0.01, max=0.999)
]
Costs = Annotated[
    Path | None,
    typer.Option(
        help="For expected_cost: a CSV with one row per true class and one column per decided class, in sorted order, "
        "after a header.",
        show_default=False,
    ),
]
Level = Annotated[float, typer.Option(help="Confidence level of the intervals.")]
Draws = Annotated[int, typer.Option(help="Bootstrap draws of groups.", min=100)]
Seed = Annotated[int, typer.Option(help="Seed of the draws.", min=0)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def score(
    predictions: Annotated[Path, typer.Argument(help="A file of predictions (.csv, .parquet, .jsonl).")],
    truth: Truth = None,
    group: Group = None,
    columns: Columns = None,
    measures: Measures = "macro_f1,accuracy",
    specificity: Specificity = 0.9,
    costs: Costs = None,
    level: Level = 0.95,
    draws: Draws = 2000,
    seed: Seed = 0,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write the scores to this JSON file.", show_default=False)
    ] = None,
) -> None:
    """Score the predictions of any model of any framework, with intervals over groups.

    Rows are matched by the column photo where both files have it, else by order.

    Example: [bold]maskwise score predictions.csv --truth labels.csv --group patient[/bold]
    """
    from maskwise.evaluation.score_file import score_report_json
    from maskwise.evaluation.score_table import score_table
    from maskwise.files import write_json

    table = open_predictions([predictions], truth, group, columns)[0]
    found = score_table(
        table, named_measures(measures, specificity, costs), level=level, draws=draws, seed=seed
    )
    content = score_report_json(found)
    if out is not None:
        write_json(out, content)
    if as_json:
        import json

        typer.echo(json.dumps(content, indent=2))
        return
    _print(found)


def open_predictions(
    files: Sequence[Path], truth: Path | None, group: str | None, columns: str | None
) -> list["PredictionTable"]:
    """Read files of predictions with the options of the command line."""
    from maskwise.evaluation.prediction_table import read_prediction_table

    wanted = [name.strip() for name in columns.split(",") if name.strip()] if columns else []
    return [read_prediction_table(file, truth, group=group, columns=wanted) for file in files]


def named_measures(names: str, specificity: float, costs: Path | None) -> list["Measure"]:
    """The measures that an option names.

    Raises:
        InputError: when there is no such measure, or the file of costs is not a table of numbers.
    """
    from maskwise.data.readers.large_csv import read_large_csv
    from maskwise.metrics.measures import create_measure

    table: list[list[float]] | None = None
    if costs is not None:
        rows = read_large_csv(costs).rows()
        try:
            table = [[float(cell) for cell in row] for row in rows]
        except ValueError as error:
            raise InputError(f"{costs}: expected numbers below the header, got {error}.") from error
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    if not chosen:
        raise InputError("Expected --measures to name at least one measure, got none.")
    return [create_measure(name, specificity=specificity, costs=table) for name in chosen]


def _print(found: "ScoreReport") -> None:
    from rich.table import Table

    from maskwise.cli.terminal import create_console

    console = create_console()
    level = found.scores[0].interval.level
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "measure", "score", f"{level:.0%} interval", "classes"):
        table.add_column(title, justify="left" if title in ("", "measure") else "right")
    for entry in found.scores:
        interval = entry.interval
        table.add_row(
            entry.what,
            entry.measure,
            f"{interval.value:.3f}",
            f"{interval.low:.3f} to {interval.high:.3f}",
            str(entry.n_classes),
        )
    console.print(table)
    units = "each its own group" if found.group == "none" else f"{found.n_groups:,} groups ({found.group})"
    console.print(f"{found.n_rows:,} rows, {units}")
    for note in found.notes:
        console.print(f"Note: {note}.", style="yellow")
