"""The terminal that commands speak to."""

from rich.console import Console


def create_console() -> Console:
    """A console that prints names of files as they are, in lines that a pipe does not break."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not console.is_terminal:  # tables that go to a file or a pipe are not squeezed into 80 columns
        console.width = 200
    return console
