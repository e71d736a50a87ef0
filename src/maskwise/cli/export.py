"""`maskwise export`."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    out: Annotated[Path, typer.Option(help="The folder for the file.")],
    to: Annotated[str, typer.Option(help="onnx or openvino.")] = "onnx",
    int8: Annotated[
        bool, typer.Option("--int8", help="8-bit integers, written only if they hold against the run.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="The run's data, where they are not any more where it was trained.")
    ] = None,
) -> None:
    """Write a run as one file to deploy, checked against the run on photos.

    Example: [bold]maskwise export runs/cpu --to onnx --out exported[/bold]
    """
    from maskwise.errors import InputError
    from maskwise.runs.run import open_run

    opened = open_run(run)
    from maskwise.cli.terminal import create_console
    from maskwise.export.export_model import KINDS
    from maskwise.export.export_model import export as exporting
    from maskwise.export.verification import figures

    console = create_console()
    kind = next((known for known in KINDS if known == to), None)
    if kind is None:
        raise InputError(f"Expected --to to be {' or '.join(KINDS)}, got {to!r}.")
    done = exporting(
        opened, out, kind=kind, int8=int8, data=data, say=lambda line: console.print(f"{line} ...")
    )
    console.print(
        f"{done.path}: {done.bytes / 2**20:.1f} MB; {figures(done.check)} ({done.check.scored_on}); "
        f"probabilities differ by {done.check.largest_difference:.1g} at most",
        soft_wrap=True,
    )
