"""`maskwise compare` and `maskwise runs`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwise.cli.score import AsJson, Columns, Costs, Group, Measures, Seed, Specificity, Truth
from maskwise.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from maskwise.studies.compare_runs import Comparison, Pair


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run folders, or files of predictions of any model; the others are compared with the first."
        ),
    ],
    margin: Annotated[
        float | None,
        typer.Option(
            help="Differences below this do not matter; 0.01 for files, 0.02 for runs.", show_default=False
        ),
    ] = None,
    evaluation: Annotated[
        str | None,
        typer.Option(
            help="Compare on this evaluation of each run, not on its held-out photos.", show_default=False
        ),
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Attributes, groups and classes too.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write everything to this JSON file.", show_default=False)
    ] = None,
    truth: Truth = None,
    group: Group = None,
    columns: Columns = None,
    measures: Measures = "macro_f1",
    specificity: Specificity = 0.9,
    costs: Costs = None,
    adjust: Annotated[
        str,
        typer.Option(
            help="P-values of files are adjusted by benjamini-hochberg, benjamini-yekutieli or holm."
        ),
    ] = "benjamini-hochberg",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Paired differences with intervals, and a verdict: better, worse, practically the same, or can't tell.

    For runs, two questions are answered separately: whether these models differ, and whether these recipes differ. The
    second needs two or more runs of each with different seeds. The options from --truth on are for files of
    predictions.

    Example: [bold]maskwise compare runs/lite-0 runs/lite-1 runs/cpu-0 runs/cpu-1[/bold]

    Example: [bold]maskwise compare a.csv b.csv --truth labels.csv --group patient[/bold]
    """
    from maskwise.cli.compare_files import FileOptions, compare_files
    from maskwise.cli.terminal import create_console
    from maskwise.metrics.verdict import DEFAULT_MARGIN
    from maskwise.runs.run import open_finished_run
    from maskwise.studies.compare_runs import MARGIN
    from maskwise.studies.compare_runs import compare as comparing

    options = FileOptions(truth, group, columns, measures, specificity, costs, adjust, seed)
    if any(path.is_file() for path in runs) or options.given:
        if other := next((path for path in runs if not path.is_file()), None):
            raise InputError(f"Expected {other} to be a file of predictions as the others are.")
        if evaluation is not None or details:
            raise InputError("Expected --evaluation and --details with runs only, got them with files.")
        compare_files(
            runs, options, margin=DEFAULT_MARGIN if margin is None else margin, as_json=as_json, out=out
        )
        return
    if as_json:
        raise InputError(
            "Expected --json with files of predictions only; write a comparison of runs with --out."
        )
    margin = MARGIN if margin is None else margin
    opened = [open_finished_run(run, evaluation) for run in runs]
    console = create_console()
    found = comparing(opened, margin=margin, details=details or out is not None)
    _print(console, found, details=details)
    if out is not None:
        from maskwise.studies.comparison_file import write_comparison

        write_comparison(out, found)
        console.print(f"written: {out}")


def _print(console: "Console", found: "Comparison", *, details: bool) -> None:
    from rich.table import Table

    console.print(
        f"{found.n_photos:,} photos of {found.n_persons:,} persons, macro F1, margin {found.margin:g}"
    )
    for note in found.notes:
        console.print(f"Note: {note}.", style="yellow")
    console.print("\nAre these models different? (bootstrap over persons, adjusted by Holm)", style="bold")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("run", "against", "difference", "95% interval", "p", "verdict", "persons needed"):
        table.add_column(title, justify="left" if title in ("run", "against", "verdict") else "right")
    for pair in found.pairs:
        _add_row(table, pair)
    console.print(table)
    _print_causes(console, found.pairs)
    for pair in found.pairs if details else ():
        console.print(f"\n{pair.second} against {pair.first}", style="bold")
        _print_details(console, pair)
    console.print("\nAre these recipes different? (seeds and splits vary too)", style="bold")
    if not found.recipes:
        console.print(
            "Can't tell: this needs two or more runs of each recipe, with different seeds. The figures above are about "
            "these models only."
        )
    for first, second, difference, verdict in found.recipes:
        low, high = difference.ci95
        console.print(
            f"{second} minus {first}: {difference.value:+.3f} ({low:+.3f} to {high:+.3f}), p {difference.p:.3f}: "
            f"{verdict}; {difference.how}"
            + (f"; {difference.seeds_needed} runs of each would show it" if difference.seeds_needed else "")
        )


def _print_causes(console: "Console", pairs: "list[Pair]") -> None:
    """Print what differs between recipes, once for all runs of the same recipe."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(repr((pair.notes, pair.variables)), []).append(pair)
    for alike in groups.values():
        names = ", ".join(pair.second for pair in alike)
        for note in alike[0].notes:
            console.print(f"{names} against {alike[0].first}: {note}.")
        for variable, (before, after) in alike[0].variables.items():
            console.print(f"  {variable}: {before} -> {after}")


def _add_row(table: "object", pair: "Pair") -> None:
    from rich.table import Table

    assert isinstance(table, Table)
    difference = pair.main.difference
    low, high = difference.ci95
    needed = difference.persons_needed()
    table.add_row(
        pair.second,
        pair.first,
        f"{difference.value:+.3f}",
        f"{low:+.3f} to {high:+.3f}",
        f"{pair.main.p:.3f}",
        pair.main.verdict,
        "-" if needed is None else f"{needed:,}" if needed < 10**6 else "over a million",
    )


def _print_details(console: "Console", pair: "Pair") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "difference", "95% interval", "p", "verdict"):
        table.add_column(title, justify="left" if title in ("", "verdict") else "right")
    for row in pair.details:
        low, high = row.difference.ci95
        table.add_row(
            row.what,
            f"{row.difference.value:+.3f}",
            f"{low:+.3f} to {high:+.3f}",
            f"{row.p:.3f}",
            row.verdict,
        )
    console.print(table)


def runs(
    folder: Annotated[Path, typer.Argument(help="A folder of run folders.")],
    sort: Annotated[
        str, typer.Option(help="score, time, name, or a recipe's key such as optimizer.lr.")
    ] = "score",
) -> None:
    """A table of runs: score, interval, time, the values that differ, parents.

    Example: [bold]maskwise runs runs/ --sort score[/bold]
    """
    from rich.table import Table

    from maskwise.cli.terminal import create_console
    from maskwise.studies.list_runs import list_runs

    console = create_console()
    listed = list_runs(folder, sort=sort)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in (
        "run",
        "recipe",
        "macro F1",
        "95% interval",
        "scored on",
        "minutes",
        *listed.keys,
        "parents",
    ):
        table.add_column(title, overflow="fold")
    for row in listed.rows:
        table.add_row(*row)
    console.print(table)
    for line in listed.unfinished:
        console.print(f"left out: {line}")
