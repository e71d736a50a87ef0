"""`maskwise evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.options import Calibrated, Decision, named_decision


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    data: Annotated[Path, typer.Option(help="A folder in a known layout, or a table (.csv, .parquet).")],
    labels: Annotated[
        Path | None,
        typer.Option(help="A CSV with ImageID,ans (or photo and label columns), for data without labels."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The evaluation's name; the data's by default.", show_default=False)
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            help="Also score by the groups of this column; repeatable. By default all columns with 2 to 12 values."
        ),
    ] = None,
    by_person: Annotated[
        bool,
        typer.Option(
            "--by-person",
            help="Pool predictions, so that all photos of a person get the same gender and age.",
        ),
    ] = False,
    decision: Decision = None,
    calibrated: Calibrated = False,
    no_photos: Annotated[bool, typer.Option("--no-photos", help="Leave photos out of the report.")] = False,
) -> None:
    """Score a run with intervals and a report, in RUN/evaluations/NAME/.

    Example: [bold]maskwise evaluate runs/cpu --data OTHER_DATA --name winter[/bold]
    """
    from maskwise.errors import InputError
    from maskwise.runs.run import open_run

    # Checked before the seconds that importing torch takes.
    if name is not None and (Path(name).name != name or name in (".", "..")):
        raise InputError(f"Expected --name to be a plain name, got {name!r}.")
    opened = open_run(run)
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.scores import print_scores
    from maskwise.cli.terminal import create_console
    from maskwise.evaluation.evaluate_run import evaluate as evaluating

    choice = None
    if decision is not None or calibrated:
        from maskwise.inference.decision import create_choice

        choice = create_choice(opened, opened.card, named_decision(decision), calibrated=calibrated)
    console = create_console()
    with RichReporter(console) as reporter:
        done = evaluating(
            opened,
            data,
            labels=labels,
            name=name,
            groups=tuple(group) if group else None,
            choice=choice,
            by_person=by_person,
            photos_in_report=not no_photos,
            reporter=reporter,
        )
    print_scores(console, done.metrics, done.folder)
