"""How long-running work tells its caller what it does; the library prints nothing by itself."""

from collections.abc import Callable
from typing import Protocol

Progress = Callable[[int, int], None]
"""Called with the number of items that are done, and the number of all items."""


class Reporter(Protocol):
    """Receives messages and progress, such as a command line that prints them."""

    def message(self, line: str) -> None:
        """Take one line about what was found or done."""

    def progress(self, stage: str) -> Progress:
        """Begin a stage, such as "scanning photos"; the result is called as its items are done."""
        ...


class SilentReporter:
    """Ignores everything: the default."""

    def message(self, line: str) -> None:
        """Ignore a line."""

    def progress(self, stage: str) -> Progress:
        """Ignore the progress of a stage."""
        return _ignore


SILENT = SilentReporter()


def _ignore(done: int, total: int) -> None:
    """Do nothing."""
