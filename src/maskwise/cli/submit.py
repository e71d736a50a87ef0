"""`maskwise submit`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.backends import write_choice
from maskwise.cli.options import Backend, Calibrated, Decision, named_decision
from maskwise.cli.predict import open_for_files


def submit(
    run: Annotated[Path, typer.Argument(help="A run folder, or an exported file.")],
    data: Annotated[
        Path, typer.Option(help="A folder with info.csv and images/, or with public/ and private/.")
    ],
    out: Annotated[Path, typer.Option(help="The submission to write.")],
    decision: Decision = None,
    calibrated: Calibrated = False,
    backend: Backend = None,
) -> None:
    """Write the competition's submission: ImageID,ans in the order of info.csv.

    Example: [bold]maskwise submit runs/cpu --data eval --out submission.csv[/bold]
    """
    from maskwise.competition.submission import submission_targets
    from maskwise.inference.exported import open_model

    model = open_model(run)
    targets = submission_targets(data, out)
    name = named_decision(decision)
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.competition import submission
    from maskwise.inference.decision import create_choice

    console = create_console()
    sources = {target: submission.submission_sources(folder) for folder, target in targets.items()}
    predictor, chosen = open_for_files(console, model, backend, sources)
    choice = create_choice(model, predictor.card, name, calibrated=calibrated)
    for folder, target in targets.items():
        with RichReporter(console) as reporter:
            n, unread = submission.write_submission(
                model,
                predictor,
                folder,
                target,
                choice=choice,
                reporter=reporter,
                begun=partial(write_choice, target, chosen),
            )
        for photo, reason in unread.rows()[:10]:
            console.print(
                f"{photo}: {reason}; answered {predictor.card.commonest_class}, the commonest class in training."
            )
        if unread.height > 10:
            console.print(f"... and {unread.height - 10} more such photos.")
        console.print(f"{n:,} rows: {target}")
