"""Scores on the terminal, each with its interval."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def print_scores(console: Console, metrics: dict[str, Any], folder: Path) -> None:
    """Print the scores of a `metrics.json`, what they rest on, and where the report lies."""
    if metrics["macro_f1"] is None and "accuracy" not in metrics:
        console.print("Nobody was held out: this run has no score of its own.", style="yellow")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "score", "95% interval"):
        table.add_column(title, justify="left" if not title else "right")
    table.add_row("macro F1", *_cells(metrics["macro_f1"]), style="bold")
    table.add_row("accuracy", *_cells(metrics["accuracy"]))
    for name, entry in metrics.items():
        if isinstance(entry, dict) and "per_value" in entry:
            table.add_row(f"{name}, macro F1", *_cells(entry["macro_f1"]))
    console.print()
    console.print(table)
    rests_on = metrics["scored_on"] or "photos that were trained on: no held-out score"
    of_whom = f" of {metrics['n_persons']:,} persons" if metrics.get("persons_known", True) else ""
    console.print(f"{metrics['n_photos']:,} photos{of_whom} ({rests_on})")
    if metrics.get("chosen_on_these_persons"):
        console.print("Epochs or members were chosen on these persons: a little optimistic.", style="yellow")
    if metrics.get("few_persons"):
        console.print("Fewer than 100 persons: the intervals are too narrow.", style="yellow")
    if metrics.get("leaky"):
        console.print("Leaky: persons on both sides. This score is inflated.", style="yellow")
    if (folder / "report.html").is_file():
        console.print(f"report: {folder / 'report.html'}")


def _cells(score: dict[str, Any] | None) -> tuple[str, str]:
    if score is None:
        return "-", "-"
    low, high = score["ci95"]
    return f"{score['value']:.3f}", f"{low:.3f} to {high:.3f}"
