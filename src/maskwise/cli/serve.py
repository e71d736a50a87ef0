"""`maskwise serve`."""

from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.options import Backend, Calibrated, Decision, named_decision


def serve(
    model: Annotated[Path, typer.Argument(help="A run folder, or an exported file.", metavar="RUN")],
    host: Annotated[str, typer.Option(help="Who may reach it: only this machine by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    backend: Backend = None,
    decision: Decision = None,
    calibrated: Calibrated = False,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="A file whose first line must be sent as Authorization: Bearer ...", show_default=False
        ),
    ] = None,
) -> None:
    """A REST service and a page to try it; nothing that is sent is kept. Ctrl-C or SIGTERM ends it.

    Example: [bold]maskwise serve runs/cpu[/bold]
    """
    from maskwise.cli.terminal import create_console
    from maskwise.errors import InputError
    from maskwise.inference.exported import check_model

    check_model(model)
    name = named_decision(decision)
    try:
        from maskwise.serving.creating import create_service
        from maskwise.serving.listening import run_service
    except ImportError as error:
        raise InputError(
            f"Expected the package {error.name} to serve, but it is not installed: pip install 'maskwise[serve]'."
        ) from error
    from maskwise.cli.backends import choose_backend

    console = create_console()
    service = create_service(
        model,
        backend=choose_backend(console, model, backend).name,
        decision=name,
        calibrated=calibrated,
        token=_token(token_file),
    )
    if host not in ("127.0.0.1", "localhost", "::1") and token_file is None:
        console.print(
            "Note: everybody who reaches this address may use it: --token-file asks for a token.",
            style="yellow",
        )
    shown = f"[{host}]" if ":" in host else host
    console.print(f"http://{shown}:{port}/ (Ctrl-C ends it)", soft_wrap=True, markup=False)
    run_service(service, host, port)


def _token(path: Path | None) -> str | None:
    from maskwise.errors import InputError

    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, ValueError) as error:
        raise InputError(f"Expected {path} to be a readable file with a token, got: {error}.") from error
