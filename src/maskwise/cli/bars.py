"""Progress bars for the stages of a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int, int], None]
"""Called with the number of items that are done, and the number of all items."""


@contextmanager
def stage_bars(console: Console) -> Iterator[Callable[[str], Advance]]:
    """Give a function that creates the bar of a named stage; a bar disappears when it is full."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bars:

        def make(stage: str) -> Advance:
            task = bars.add_task(stage, total=None)

            def advance(done: int, total: int) -> None:
                bars.update(task, completed=done, total=total, visible=done < total)

            return advance

        yield make
