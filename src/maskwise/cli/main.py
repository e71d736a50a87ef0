"""`maskwise`: its commands, their order in `--help`, and how errors are printed."""

import os
import sys
from pathlib import Path

import typer

import maskwise
from maskwise.cli.ablate import ablate, reproduce
from maskwise.cli.audit import audit
from maskwise.cli.compare import compare, runs
from maskwise.cli.data import data_app
from maskwise.cli.data_leaks import leaks
from maskwise.cli.ensemble import ensemble
from maskwise.cli.evaluate import evaluate
from maskwise.cli.export import export
from maskwise.cli.predict import predict
from maskwise.cli.rebuild import rebuild
from maskwise.cli.review import review
from maskwise.cli.score import score
from maskwise.cli.serve import serve
from maskwise.cli.submit import submit
from maskwise.cli.train import distil, train
from maskwise.errors import MaskwiseError
from maskwise.process_settings import use_one_opencv_thread

app = typer.Typer(
    name="maskwise",
    help="Mask, gender and age band from photos of people, with a score you can trust.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app.command()(leaks)
app.add_typer(data_app, name="data", rich_help_panel="Data")
app.command(rich_help_panel="Data")(audit)
app.command(rich_help_panel="Data")(review)
app.command(rich_help_panel="Training")(train)
app.command(rich_help_panel="Training")(ensemble)
app.command(rich_help_panel="Training")(distil)
app.command(rich_help_panel="Scores and predictions")(evaluate)
app.command(rich_help_panel="Scores and predictions")(score)
app.command(rich_help_panel="Scores and predictions")(predict)
app.command(rich_help_panel="Scores and predictions")(submit)
app.command(rich_help_panel="Handing over")(export)
app.command(rich_help_panel="Handing over")(serve)
app.command(rich_help_panel="Experiments")(runs)
app.command(rich_help_panel="Experiments")(compare)
app.command(rich_help_panel="Experiments")(ablate)
app.command(rich_help_panel="Experiments")(reproduce)
app.command(rich_help_panel="Experiments")(rebuild)


_INTERRUPTED = 130


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"maskwise {maskwise.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Mask, gender and age band from photos of people, with a score you can trust."""
    use_one_opencv_thread()


def main() -> None:
    """Run a command; an error that the user can fix is one line on stderr.

    Exit codes: 2 for bad input or usage, 1 for a failed run, 130 when interrupted, 0 otherwise.
    """
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except MaskwiseError as error:
        typer.echo(f"maskwise: {error}{_option_of(error)}", err=True)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == _INTERRUPTED:  # Typer prints nothing
            hint = " Go on with the same command and --resume." if "train" in sys.argv[1:2] else ""
            typer.echo(f"maskwise: interrupted.{hint}", err=True)
        raise
    except OSError as error:
        # Commands report errors of their files themselves: this one is of the standard output.
        typer.echo(f"maskwise: expected to print, got {error.strerror or error}.", err=True)
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - Python flushes it once more when it exits
        sys.exit(1)


def _option_of(error: MaskwiseError) -> str:
    """The option to change, where the error names a setting: the library knows values, not options."""
    return "" if error.setting is None else f" See --{error.setting.replace('_', '-')}."


if __name__ == "__main__":
    main()
