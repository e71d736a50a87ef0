import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import RUN
from tests.pictures import make_people


def run(*words: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *words], stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full_is_one_line() -> None:
    handle = os.open("/dev/full", os.O_WRONLY)
    try:
        done = run("--version", stdout=handle)
    finally:
        os.close(handle)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["maskwise: expected to print, got No space left on device."]


def test_names_are_printed_as_they_are(tmp_path: Path) -> None:
    data = make_people(tmp_path / "[/bold] data", 2)
    done = run("data", "info", str(data), "--plots", str(tmp_path / "[red]x.html"))
    assert done.returncode == 0, done.stderr
    assert f"plots: {tmp_path / '[red]x.html'}" in done.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("predict", "absent", "a.jpg", "--out", "p.csv"), "absent to be a run folder"),
        (("submit", "absent", "--data", ".", "--out", "s.csv"), "absent to be a run folder"),
        (("train", "cpuu", "--data", "x"), "did you mean cpu?"),
        (("predict", __file__, "a.jpg", "--out", "p.csv"), "to be a run folder, but it is a file"),
        (("data", "people", "p", "--preset", "fair"), "got 'fair'. See --preset."),
        (("data", "people", "p", "--size", "5"), "got '5'. See --size."),
        (
            ("train", "cpu", "--data", "x", "--out", str(Path(__file__).parent)),
            "choose another folder, or resume the run in it. See --out.",
        ),
        (("reproduce",), "Expected --data, to put the claims to the test on"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line
