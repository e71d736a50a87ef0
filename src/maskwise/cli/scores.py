"""Scores on the terminal, each with its interval."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from maskwise.runs.metrics import Figure, Metrics
from maskwise.runs.run_folder import ResultFolder


def print_scores(console: Console, metrics: Metrics, folder: Path) -> None:
    """Print scores, what they were measured on, and where the report is."""
    if not metrics.has_scores:
        console.print("Nobody was held out: this run has no score of its own.", style="yellow")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "score", "95% interval"):
        table.add_column(title, justify="left" if not title else "right")
    table.add_row("macro F1", *_cells(metrics.macro_f1), style="bold")
    table.add_row("accuracy", *_cells(metrics.accuracy))
    for name, scores in metrics.attributes.items():
        table.add_row(f"{name}, macro F1", *_cells(scores.macro_f1))
    console.print()
    console.print(table)
    rests_on = metrics.scored_on or "photos that were trained on: no held-out score"
    of_whom = f" of {metrics.n_persons:,} persons" if metrics.persons_known else ""
    console.print(f"{metrics.n_photos:,} photos{of_whom} ({rests_on})")
    if metrics.chosen_on_these_persons:
        console.print("Epochs or members were chosen on these persons: a little optimistic.", style="yellow")
    if metrics.few_persons:
        console.print("Fewer than 100 persons: the intervals are too narrow.", style="yellow")
    if metrics.leaky:
        console.print("Leaky: persons on both sides. This score is inflated.", style="yellow")
    report = ResultFolder(folder).report
    if report.is_file():
        console.print(f"report: {report}")


def _cells(figure: Figure | None) -> tuple[str, str]:
    if figure is None:
        return "-", "-"
    low, high = figure.ci95
    return f"{figure.value:.3f}", f"{low:.3f} to {high:.3f}"
