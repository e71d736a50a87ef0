"""`maskwise ensemble`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maskwise.studies.ensemble_result import How


def ensemble(
    runs: Annotated[list[Path], typer.Argument(help="Finished runs, scored on the same persons.")],
    out: Annotated[Path, typer.Option(help="The new run's folder.")],
    how: Annotated[str, typer.Option(help="mean, weighted, vote, or soup (weights averaged).")] = "mean",
    greedy: Annotated[
        bool, typer.Option("--greedy", help="Add runs one by one while the combined score rises.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="Where the runs' data are, if not where they were trained.")
    ] = None,
    no_photos: Annotated[bool, typer.Option("--no-photos", help="Leave photos out of the report.")] = False,
) -> None:
    """Combine several runs into one run with all their members.

    Example: [bold]maskwise ensemble runs/a runs/b runs/c --out runs/all --greedy[/bold]
    """
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.scores import print_scores
    from maskwise.cli.terminal import create_console
    from maskwise.errors import InputError

    ways: tuple[How, ...] = ("mean", "weighted", "vote", "soup")
    way = next((known for known in ways if known == how), None)
    if way is None:
        raise InputError(f"Expected --how to be {', '.join(ways)}, got {how!r}.")
    from maskwise.runs.run import open_finished_run

    opened = [open_finished_run(run) for run in runs]
    from maskwise.studies.ensemble import ensemble as ensembling

    console = create_console()
    with RichReporter(console) as reporter:
        made = ensembling(
            opened,
            out,
            how=way,
            greedy=greedy,
            data=data,
            photos_in_report=not no_photos,
            reporter=reporter,
        )
    console.print(f"Members: {', '.join(made.chosen)}")
    print_scores(console, made.metrics, out)
    if made.gain is not None:
        low, high = made.gain.ci95
        console.print(
            "Measured on persons that they were not chosen on, the members gain "
            f"{made.gain.value:+.3f} ({low:+.3f} to {high:+.3f}) over the best single run."
        )
