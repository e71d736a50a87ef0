"""`maskwise data`: look at data, and draw procedural people."""

from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.data_task import task as propose
from maskwise.cli.options import TaskOption

data_app = typer.Typer(help="Inspect and check data, propose a task, or draw people.", no_args_is_help=True)


@data_app.callback()
def _data() -> None:
    """Inspect and check data, propose a task, or draw people."""


data_app.command("task")(propose)


@data_app.command()
def info(
    data: Annotated[
        Path, typer.Argument(help="A folder in a known layout, or a table (.csv, .parquet, .jsonl).")
    ],
    task: TaskOption = None,
    pixels: Annotated[bool, typer.Option(help="Open the photos, or only read the table.")] = True,
    plots: Annotated[
        Path | None, typer.Option(help="Also write a page with plots, such as info.html.", show_default=False)
    ] = None,
) -> None:
    """Show counts, classes, ages, sizes, and photos that can't be used.

    Example: [bold]maskwise data info DATA --plots info.html[/bold]
    """
    from maskwise.cli.data_summary import print_summary
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.data.readers.find_task import find_task
    from maskwise.data.readers.read_data import read_data
    from maskwise.data.scan import scan_photos, unopened
    from maskwise.data.summary import summarise

    console = create_console()
    table = read_data(data, task=None if task is None else find_task(data, task))
    for note in table.notes:
        console.print(f"Note: {note}.")
    if pixels:
        with RichReporter(console) as reporter:
            scan = scan_photos(table, progress=reporter.progress("scanning photos"))
    else:
        scan = unopened(table)
    summary = summarise(table, scan)
    print_summary(console, summary)
    if plots is not None:
        from maskwise.reporting.data_page import write_data_page

        write_data_page(plots, str(data), summary, table.space)
        console.print(f"plots: {plots}")


@data_app.command()
def people(
    out: Annotated[Path, typer.Argument(help="The folder to create.")],
    number: Annotated[int, typer.Option("--people", help="How many persons.", min=1)] = 300,
    seed: Annotated[int, typer.Option(help="Another seed gives other people.", min=0)] = 0,
    photos: Annotated[
        int,
        typer.Option(
            help="Photos per person; the layout has 7, fewer are reported as missing.", min=3, max=7
        ),
    ] = 7,
    size: Annotated[str, typer.Option(help="Width x height in pixels.")] = "384x512",
    preset: Annotated[
        str,
        typer.Option(
            help="competition (its shares of genders and ages, labelled ages capped at 60) or balanced."
        ),
    ] = "competition",
    noise: Annotated[
        float,
        typer.Option(help="The share of persons that get each kind of planted fault.", min=0, max=1),
    ] = 0.0,
    eval_share: Annotated[
        float,
        typer.Option(
            help="The share of persons in eval/; their answers are in another file.", min=0, max=0.99
        ),
    ] = 0.0,
    spec: Annotated[
        Path | None,
        typer.Option(
            help="YAML with these settings and more, such as fault rates; overrides the options.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; all processors by default.", min=1, show_default=False)
    ] = None,
) -> None:
    """Draw procedural people: photos of people who do not exist, with exact labels and a table of all their properties.

    Example: [bold]maskwise data people people --people 300 --eval-share 0.2[/bold]
    """
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.people.contact_sheet import write_contact_sheet
    from maskwise.people.dataset import draw_people
    from maskwise.people.people_spec_file import read_people_spec

    described = read_people_spec(
        spec,
        people=number,
        seed=seed,
        photos=photos,
        size=size,
        preset=preset,
        noise=noise,
        eval_share=eval_share,
    )
    console = create_console()
    with RichReporter(console) as reporter:
        truth = draw_people(out, described, workers=workers, reporter=reporter)
    write_contact_sheet(out / "contact-sheet.jpg", out, truth)
    faults = truth["fault"].drop_nulls().len()
    console.print(
        f"{truth.height:,} photos of {truth['person'].n_unique():,} persons, {faults:,} with a planted fault: {out}"
    )
    console.print(
        f"properties of each photo: {out / 'truth.parquet'}; a contact sheet: {out / 'contact-sheet.jpg'}"
    )
