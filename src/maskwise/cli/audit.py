"""`maskwise audit`."""

from pathlib import Path
from typing import Annotated

import typer


def audit(
    data: Annotated[
        Path, typer.Argument(help="A folder in a known layout, or a table (.csv, .parquet, .jsonl).")
    ],
    out: Annotated[Path, typer.Option(help="The folder for findings.csv, corrections.csv and report.html.")],
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Other data that must share no photo, such as an evaluation set. Repeatable."),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="A run trained with --folds on these data; its predictions are used.")
    ] = None,
    precision: Annotated[
        float,
        typer.Option(help="For each kind, report how many findings are expected to reach this precision."),
    ] = 0.8,
    no_photos: Annotated[bool, typer.Option("--no-photos", help="Leave photos out of the report.")] = False,
) -> None:
    """Find what is wrong with data: files, duplicates, wrong labels, exchanged photos, rare classes.

    Example: [bold]maskwise audit DATA --out audit[/bold]
    """
    from collections import Counter

    from maskwise.audit.run_audit import audit as run_audit
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.runs.run import Run

    console = create_console()
    with RichReporter(console) as reporter:
        result = run_audit(
            data,
            out,
            against=against or (),
            run=None if run is None else Run(run),
            precision=precision,
            photos_in_report=not no_photos,
            reporter=reporter,
        )
    for note in result.notes:
        console.print(f"Note: {note}.", style="yellow")
    for kind, number in Counter(finding.kind for finding in result.findings).most_common():
        threshold = result.thresholds.get(kind)
        above = f", {threshold.n_findings:,} at {threshold.probability:.2f} or more" if threshold else ""
        console.print(f"{number:>6,}  {kind}{above}")
    console.print(f"at or above these probabilities {precision:.0%} of the findings are expected to be right")
    console.print(
        f"decide in {out / 'corrections.csv'}, then train with --set data.corrections={out / 'corrections.csv'}"
    )
    console.print(f"report: {out / 'report.html'}")
