"""`maskwise export`."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    out: Annotated[Path, typer.Option(help="The folder for the file.")],
    to: Annotated[str, typer.Option(help="onnx or openvino.")] = "onnx",
    int8: Annotated[
        bool, typer.Option("--int8", help="8-bit integers; written only if they are close enough to the run.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="The run's data, if they have moved since it was trained.")
    ] = None,
) -> None:
    """Export a run as one model to deploy, checked against the run on photos.

    Example: [bold]maskwise export runs/cpu --to onnx --out exported[/bold]
    """
    from maskwise.runs.run import open_run

    opened = open_run(run)  # a wrong path is reported before the imports that take seconds
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.export.compare_with_run import describe_check
    from maskwise.export.export_model import export as export_run

    console = create_console()
    with RichReporter(console) as reporter:
        done = export_run(opened, out, kind=to, int8=int8, data=data, reporter=reporter)
    console.print(
        f"{done.path}: {done.bytes / 2**20:.1f} MB; {describe_check(done.check)} ({done.check.scored_on}); "
        f"probabilities differ by {done.check.largest_difference:.1g} at most",
        soft_wrap=True,
    )
