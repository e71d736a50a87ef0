"""`maskwise review`."""

from pathlib import Path
from typing import Annotated

import typer


def review(
    folder: Annotated[Path, typer.Argument(help="The folder that audit wrote.")],
    data: Annotated[
        Path | None, typer.Option(help="The audited data, if they have moved since the audit.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Accept or reject an audit's proposals on a local page that only this machine can open; Ctrl-C stops it.

    Example: [bold]maskwise review audit[/bold]
    """
    import threading
    import webbrowser

    from maskwise.audit.review import open_review
    from maskwise.cli.terminal import create_console
    from maskwise.serving.review_server import ReviewServer

    console = create_console()
    opened = open_review(folder, data)
    with ReviewServer(opened, port) as server:
        console.print(
            f"{len(opened):,} findings to decide; every decision is saved at once in {folder / 'corrections.csv'}"
        )
        console.print(f"open {server.address} (Ctrl-C stops it)", soft_wrap=True, markup=False)
        if not no_browser:
            # In a thread: a browser in the terminal blocks until it is closed, and waits for the server.
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("stopped; all decisions are saved")
