"""`maskwise ablate` and `maskwise reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

On = Annotated[
    str, typer.Option("--on", help="here, ray (on this machine), or the address of a running Ray.")
]
Cpus = Annotated[int, typer.Option(help="Processors per trial under Ray.", min=1)]


def ablate(
    study: Annotated[Path, typer.Argument(help="The study, a YAML file: see docs/studies.md.")],
    data: Annotated[Path, typer.Option(help="A folder in a known layout, or a table (.csv, .parquet).")],
    out: Annotated[
        Path | None, typer.Option(help="The study's folder; studies/NAME by default.", show_default=False)
    ] = None,
    on: On = "here",
    cpus: Cpus = 1,
) -> None:
    """Change one variable at a time, over seeds, and report its effect. A stopped study can be continued.

    Example: [bold]maskwise ablate loss.yaml --data DATA --out studies/loss[/bold]
    """
    from maskwise.studies.study import read_study

    described = read_study(study)
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.studies.run_study import run_study
    from maskwise.studies.study_report import write_study_report

    console = create_console()
    folder = out if out is not None else Path("studies") / described.name
    with RichReporter(console) as reporter:
        findings = run_study(described, data, folder, on=on, cpus=cpus, reporter=reporter)
    command = f"maskwise ablate {study} --data {data} --out {folder}"
    write_study_report(folder / "report.html", findings, data=str(data), command=command)
    for effect in findings.effects:
        console.print(effect.sentence(described.margin))
    if findings.agreement:
        low, high = findings.agreement.ci95
        console.print(
            f"Frozen features rank {findings.agreement.n_values} values as fine-tuning does with a correlation of "
            f"{findings.agreement.correlation:.2f} ({low:.2f} to {high:.2f})."
        )
    console.print(f"report: {folder / 'report.html'}")


def reproduce(
    data: Annotated[
        list[Path] | None,
        typer.Option(help="A folder in a known layout, or a table; repeatable.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where studies and report go.")] = Path("studies/report-2021"),
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only these claims, by name; repeatable.", show_default=False),
    ] = None,
    fine_tune: Annotated[
        bool,
        typer.Option(
            "--fine-tune", help="Also test claims that need a backbone to be trained: hours on a CPU."
        ),
    ] = False,
    seeds: Annotated[int, typer.Option(help="Seeds of each trial.", min=1)] = 3,
    list_: Annotated[bool, typer.Option("--list", help="Only list the claims.")] = False,
    on: On = "here",
    cpus: Cpus = 1,
) -> None:
    """Test the claims of the 2021 report one by one, each with a verdict.

    Example: [bold]maskwise reproduce --data DATA[/bold]
    """
    from maskwise.errors import InputError
    from maskwise.studies.claims import read_claims

    claims = read_claims()
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console

    console = create_console()
    if list_:
        for claim in claims:
            console.print(f"{claim.name} ({claim.way}): {claim.english}")
        return
    if not data:
        raise InputError("Expected --data to test the claims on, got none; only --list works without data.")
    from maskwise.studies.reproduce import reproduce_claims, write_claims_report

    with RichReporter(console) as reporter:
        results = reproduce_claims(
            claims,
            data,
            out,
            only=only,
            fine_tune=fine_tune,
            seeds=tuple(range(seeds)),
            on=on,
            cpus=cpus,
            reporter=reporter,
        )
    write_claims_report(out, results, fine_tune=fine_tune)
    for result in results:
        console.print(f"{result.data}, {result.claim.name}: {result.verdict}", style="bold")
        for line in result.sentences:
            console.print(f"  {line}")
    console.print(f"report: {out / 'report.html'}, table: {out / 'claims.csv'}")
