"""Messages and progress on the console: bars on a terminal, plain lines in a file or a pipe."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from maskwise.reporter import Progress

SECONDS_BETWEEN_LINES = 10
"""Where there are no bars, a stage that takes longer prints a line as often as this, unless a message does."""


class RichReporter:
    """Prints messages, and shows progress while it is entered."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._last_line = clock()
        self._bars = _create_bars(console) if console.is_terminal else None

    def __enter__(self) -> Self:
        """Show bars from now on."""
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the bars."""
        if self._bars:
            self._bars.stop()

    def message(self, line: str) -> None:
        """Print a line; file names in it are printed as they are."""
        style = "yellow" if line.startswith("Note: ") else None
        self._console.print(line, style=style, markup=False, soft_wrap=True)
        self._last_line = self._clock()

    def progress(self, stage: str) -> Progress:
        """Show a stage from its first call on, until all is done; a stage with nothing left to do is not shown."""
        return self._bar(self._bars, stage) if self._bars else self._lines(stage)

    def _bar(self, bars: Bars, stage: str) -> Progress:
        task = bars.add_task(stage, total=None, visible=False)

        def advance(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, visible=done < total)

        return advance

    def _lines(self, stage: str) -> Progress:
        begin: tuple[float, int] | None = None  # when, and how many were done

        def advance(done: int, total: int) -> None:
            nonlocal begin
            if done >= total:
                return
            now = self._clock()
            if begin is None:
                begin = now, done
                self.message(f"{stage}: {done:,} of {total:,}")
            elif now - self._last_line >= SECONDS_BETWEEN_LINES:
                rate = (done - begin[1]) / (now - begin[0])
                left = f", about {_duration((total - done) / rate)} left" if rate > 0 else ""
                self.message(f"{stage}: {done:,} of {total:,}{left}")

        return advance


def _create_bars(console: Console) -> Bars:
    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
