"""`maskwise data leaks`: check any split for shared groups and copied photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maskwise.data.find_leaks import Leaks

_MOST_SHOWN = 20


def leaks(
    table: Annotated[
        Path, typer.Argument(help="A CSV or Parquet file with a split, a group, and perhaps photos.")
    ],
    group: Annotated[
        str | None,
        typer.Option(
            help="The column of the group; group, person or patient by default.", show_default=False
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="The column of the side or fold; split or fold by default.", show_default=False),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            help="The folder that the column photo starts from; the table's by default.", show_default=False
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when something leaks.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check any split for leaks: groups on several sides, and copies of photos on different sides.

    Example: [bold]maskwise data leaks table.csv --group patient --split fold[/bold]
    """
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.data.find_leaks import find_leaks

    console = create_console()
    if as_json:
        import json

        found = find_leaks(table, group=group, split=split, root=root)
        typer.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        with RichReporter(console) as reporter:
            found = find_leaks(
                table, group=group, split=split, root=root, progress=reporter.progress("reading photos")
            )
        for line in _lines(found):
            console.print(line)
    if strict and found.found:
        raise typer.Exit(1)


def _lines(found: "Leaks") -> list[str]:
    sides = ", ".join(f"{side} {rows:,}" for side, rows in found.rows_by_side.items())
    lines = [f"{sum(found.rows_by_side.values()):,} rows of {found.n_groups:,} groups: {sides}"]
    lines.append(f"{len(found.shared_groups):,} groups are on several sides")
    for shared in found.shared_groups[:_MOST_SHOWN]:
        counts = ", ".join(f"{rows:,} in {side}" for side, rows in shared.rows_by_side.items())
        lines.append(f"  {shared.name}: {counts}")
    if found.n_photos_checked:
        lines.append(
            f"{len(found.copies):,} pairs of identical or near-identical photos are on different sides "
            f"({found.n_photos_checked:,} photos compared)"
        )
        lines += [
            f"  {copy.first} ({copy.first_side}) {'=' if copy.identical else '~'} {copy.second} ({copy.second_side})"
            for copy in found.copies[:_MOST_SHOWN]
        ]
    lines += [f"Note: {note}." for note in found.notes]
    if found.found:
        lines.append("This split leaks: scores on it are too high.")
    else:
        checked = "groups and photos" if found.n_photos_checked else "groups; photos were not compared"
        lines.append(f"No leak was found ({checked}).")
    return lines


def _as_json(found: "Leaks") -> dict[str, object]:
    from dataclasses import asdict

    return {"schema": 1, "leaks": found.found, **asdict(found)}
