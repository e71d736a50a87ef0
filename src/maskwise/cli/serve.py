"""`maskwise serve`."""

from pathlib import Path
from typing import Annotated

import typer

from maskwise.cli.options import Backend, Calibrated, Decision, named_decision


def serve(
    model: Annotated[Path, typer.Argument(help="A run folder, or an exported file.", metavar="RUN")],
    host: Annotated[
        str, typer.Option(help="The address to listen on; the default is for this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one, which is printed.")] = 8000,
    backend: Backend = None,
    decision: Decision = None,
    calibrated: Calibrated = False,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="A file whose first line clients must send as Authorization: Bearer ...", show_default=False
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="One more name that the Host header may have, such as a proxy's; repeatable.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run a REST service with a page to try it; nothing that is sent is kept. Ctrl-C or SIGTERM ends it.

    Example: [bold]maskwise serve runs/cpu[/bold]
    """
    from maskwise.cli.terminal import create_console
    from maskwise.errors import InputError
    from maskwise.inference.exported import open_model

    opened = open_model(model)
    name = named_decision(decision)
    try:
        from maskwise.serving.factory import create_service
        from maskwise.serving.origins import LOOPBACK
        from maskwise.serving.server import open_listener, run_service
    except ImportError as error:
        raise InputError(
            f"Expected the package {error.name} to serve, but it is not installed: pip install 'maskwise[serve]'."
        ) from error
    from maskwise.cli.backends import choose_backend

    console = create_console()
    service = create_service(
        opened,
        backend=choose_backend(console, opened, backend).name,
        decision=name,
        calibrated=calibrated,
        token=_token(token_file),
        # Without a token only programs of this machine may connect; its names keep out pages that rebind another name.
        hosts=(*LOOPBACK, *(name.lower() for name in allowed_host or ()))
        if host in LOOPBACK and token_file is None
        else None,
    )
    listener = open_listener(host, port)
    if host not in LOOPBACK and token_file is None:
        console.print(
            "Note: everybody who can reach this address may use the service; --token-file makes it ask for a token.",
            style="yellow",
        )
    shown = f"[{host}]" if ":" in host else host
    bound = listener.getsockname()[1]
    console.print(f"http://{shown}:{bound}/ (Ctrl-C ends it)", soft_wrap=True, markup=False)
    run_service(service, listener)


def _token(path: Path | None) -> str | None:
    from maskwise.errors import InputError

    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, ValueError) as error:
        raise InputError(f"Expected {path} to be a readable file with a token, got: {error}.") from error
