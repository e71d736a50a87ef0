import io

from rich.console import Console

from maskwise.cli.rich_reporter import RichReporter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_in_a_file_a_long_stage_prints_a_line_every_ten_seconds() -> None:
    out, clock = io.StringIO(), Clock()
    with RichReporter(Console(file=out, width=40), clock=clock) as reporter:
        progress = reporter.progress("scanning photos of [red]x[/red]")
        for second in range(60):
            clock.now = second
            progress(second * 100, 6000)
        progress(6000, 6000)
    begin, *others = out.getvalue().splitlines()
    assert begin == "scanning photos of [red]x[/red]: 0 of 6,000"
    assert [line.partition(": ")[2] for line in others] == [
        f"{second * 100:,} of 6,000, about {60 - second} s left" for second in (10, 20, 30, 40, 50)
    ]


def test_a_message_takes_the_place_of_a_line_of_progress() -> None:
    out, clock = io.StringIO(), Clock()
    reporter = RichReporter(Console(file=out), clock=clock)
    progress = reporter.progress("training")
    progress(0, 100)
    clock.now = 8
    reporter.message("epoch 1/10: loss 2.0")
    clock.now = 12
    progress(12, 100)
    assert out.getvalue().splitlines() == ["training: 0 of 100", "epoch 1/10: loss 2.0"]
    clock.now = 18
    progress(18, 100)
    assert out.getvalue().splitlines()[-1] == "training: 18 of 100, about 82 s left"


def test_a_stage_that_has_nothing_to_do_prints_nothing() -> None:
    out = io.StringIO()
    with RichReporter(Console(file=out)) as reporter:
        reporter.progress("never begun")
        reporter.progress("scanning photos")(84, 84)
        reporter.progress("predicting")(0, 0)
    assert not out.getvalue()


def test_a_terminal_shows_bars_and_is_clean_afterwards() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    with RichReporter(console) as reporter:
        progress = reporter.progress("scanning photos")
        progress(1, 4)
        reporter.message("Note: one photo is broken.")
    text = out.getvalue()
    assert "Note: one photo is broken." in text
    assert "scanning photos" in text
    assert "1/4" in text
    assert "scanning photos: 1 of 4" not in text
    assert text.endswith("\x1b[2K")  # the bar's line is cleared
