"""`maskwise rebuild`."""

from pathlib import Path
from typing import Annotated

import typer


def rebuild(
    run: Annotated[Path, typer.Argument(help="A finished run.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Where its data are now; by default where they were when it was trained.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The new run's folder; RUN-rebuilt by default.", show_default=False)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a rebuild that was stopped.")] = False,
) -> None:
    """Repeat a run from its lineage, and report whether the result agrees.

    Example: [bold]maskwise rebuild runs/cpu[/bold]
    """
    from maskwise.runs.run import open_finished_run

    first = open_finished_run(run)
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.studies.rebuild import rebuild as rebuilding

    console = create_console()
    with RichReporter(console) as reporter:
        found = rebuilding(
            first,
            data=data,
            out=out,
            resume=resume,
            reporter=reporter,
        )
    console.print(found.sentence(), style="bold")
    if not found.same_weights and found.changed:
        console.print(f"Changed since then: {'; '.join(found.changed)}.")
    console.print(f"the new run: {found.folder}")
