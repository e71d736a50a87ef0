"""`maskwise data task`: propose a task for data that have none."""

from pathlib import Path
from typing import Annotated

import typer


def task(
    data: Annotated[Path, typer.Argument(help="A folder or a table (.csv, .parquet, .jsonl).")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write; by default the task is printed.", show_default=False),
    ] = None,
    from_path: Annotated[
        str | None,
        typer.Option(
            help="A regular expression with named groups for the photos' paths: they become columns.",
            show_default=False,
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="The column with the group that photos belong to, such as the patient.", show_default=False
        ),
    ] = None,
) -> None:
    """Propose a task file from the columns of data: attributes, the group, ignored columns.

    Example: [bold]maskwise data task DATA --out DATA/task.yaml[/bold]
    """
    from maskwise.cli.terminal import create_console
    from maskwise.data.propose import propose_for
    from maskwise.errors import InputError
    from maskwise.files import write_text

    if out is not None and out.exists():
        raise InputError(f"Expected --out to be a new file, but {out} exists: choose another, or remove it.")
    text, notes = propose_for(data, from_path=from_path, group=group)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_text(out, text)
    console = create_console()
    for note in notes:
        console.print(f"Note: {note}.")
    console.print(f"{text.count('# CHECK')} guesses to check, marked CHECK: {out}")
