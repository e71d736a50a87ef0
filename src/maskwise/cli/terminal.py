"""The console that commands print to."""

from rich.console import Console


def create_console() -> Console:
    """A console without markup or line breaks, so that file names are printed as they are."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:  # tables in a file or a pipe are not squeezed into 80 columns
        console.width = 200
    return console
