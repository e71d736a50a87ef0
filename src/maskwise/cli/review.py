"""`maskwise review`."""

from pathlib import Path
from typing import Annotated

import typer


def review(
    folder: Annotated[Path, typer.Argument(help="The folder that audit wrote.")],
    data: Annotated[
        Path | None, typer.Option(help="The audited data, where they are not any more where they were.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Accept or reject an audit's proposals on a page that only this machine sees; Ctrl-C ends it.

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
            f"{len(opened):,} findings to decide; every decision is kept in {folder / 'corrections.csv'}"
        )
        console.print(f"open {server.address} (Ctrl-C ends it)", soft_wrap=True, markup=False)
        if not no_browser:
            # In a thread: a browser in the terminal would be waited for, and it waits for the server.
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("ended; what was decided is kept")
