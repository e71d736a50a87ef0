"""`maskwise predict`."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskwise.cli.backends import ChosenBackend, choose_backend, write_choice
from maskwise.cli.options import Backend, Calibrated, Decision, named_decision

if TYPE_CHECKING:
    from rich.console import Console

    from maskwise.inference.exported import Model
    from maskwise.inference.predictor import Predictor


def predict(
    run: Annotated[Path, typer.Argument(help="A run folder, or an exported file.")],
    paths: Annotated[
        list[str], typer.Argument(help="Photos, folders, globs, or a CSV of paths.", metavar="PATH...")
    ],
    out: Annotated[Path, typer.Option(help="The file to write, .csv or .parquet.")],
    decision: Decision = None,
    calibrated: Calibrated = False,
    abstain: Annotated[
        float | None,
        typer.Option(
            help="Leave uncertain photos unanswered, so that this share of the answers is right: 0.8, 0.9 or 0.95.",
            show_default=False,
        ),
    ] = None,
    backend: Backend = None,
) -> None:
    """Predict photos: one row for each, also for unreadable ones. The same command continues an interrupted call.

    Example: [bold]maskwise predict runs/cpu photos/ --out predictions.csv[/bold]
    """
    from maskwise.inference.exported import open_model
    from maskwise.inference.output_checks import check_prediction_target
    from maskwise.inference.photo_paths import iterate_photos

    # Checked before the seconds that importing torch takes.
    model = open_model(run)
    check_prediction_target(out, paths)
    next(iterate_photos(paths), None)
    name = named_decision(decision)
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.terminal import create_console
    from maskwise.inference import prediction_files as predicting
    from maskwise.inference.decision import create_choice

    console = create_console()
    predictor, chosen = open_for_files(console, model, backend, {out: predicting.sources_of(paths)})
    choice = create_choice(model, predictor.card, name, calibrated=calibrated, accuracy=abstain)
    with RichReporter(console) as reporter:
        n, errors, resumed = predicting.predict_to_file(
            model,
            predictor,
            paths,
            out,
            choice=choice,
            reporter=reporter,
            begun=partial(write_choice, out, chosen),
        )
    if resumed:
        console.print(f"{resumed:,} of them were done by an earlier, interrupted call.")
    console.print(f"{n:,} photos, {errors:,} with an error: {out}")
    if errors == n:
        console.print("Note: no photo could be read; the column error says why.", style="yellow")


def open_for_files(
    console: "Console", model: "Model", backend: str | None, sources: Mapping[Path, str]
) -> "tuple[Predictor, ChosenBackend]":
    """A predictor and its backend; `sources` names for each output file the photos that are predicted into it."""
    from maskwise.export.open_model import open_predictor
    from maskwise.inference.prediction_files import model_identity, parts_folder
    from maskwise.inference.resumable_parts import earlier_backend

    if backend == "auto":
        # What was begun is ended as it was begun, even if another backend were faster by now.
        identity = model_identity(model)
        begun = [
            earlier_backend(parts_folder(target), identity | {"sources": named})
            for target, named in sources.items()
        ]
        if kept := next((known for known in begun if known), None):
            console.print(f"backend {kept}, as in the interrupted call")
            chosen = replace(choose_backend(console, model, kept), kept=True)
            return open_predictor(model, chosen.name), chosen
    chosen = choose_backend(console, model, backend)
    return open_predictor(model, chosen.name), chosen
