"""Whether a folder can take a run; cheap to ask, before anything heavy is imported."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from maskwise.errors import InputError
from maskwise.files import locked

_LOCK = ".lock"


def check_run_folder(run: Path, *, resume: bool) -> None:
    """Check that a folder is free for a new run, or holds one to resume.

    Raises:
        InputError: when it is not.
    """
    # Files that were being written when a process was killed are no content.
    occupied = run.exists() and (
        not run.is_dir()
        or any(not (p.name.startswith(".") and p.name.endswith((".tmp", _LOCK))) for p in run.iterdir())
    )
    if resume and not (run / "recipe.yaml").is_file():
        raise InputError(
            f"Expected {run} to be a run to resume, got no recipe.yaml in it: train without --resume."
        )
    if occupied and not resume and os.environ.get("RANK", "0") == "0":
        raise InputError(
            f"Expected {run} to be new or empty, but it is not: choose another --out, or go on with --resume."
        )


@contextmanager
def run_lock(run: Path) -> Iterator[None]:
    """Keep other trainings away from a run's folder; a folder that stays empty is removed.

    Raises:
        InputError: when another training has it.
    """
    if os.environ.get("RANK", "0") != "0":  # the first process keeps it for all
        yield
        return
    try:
        with locked(run / _LOCK, str(run)):
            yield
    finally:
        with suppress(OSError):
            run.rmdir()
