"""The terminal that commands speak to."""

from rich.console import Console


def create_console() -> Console:
    """A console that prints names of files as they are, in lines that a pipe does not break."""
    return Console(highlight=False, markup=False, soft_wrap=True)
