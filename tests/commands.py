"""Commands as a user would start them, in a process of their own."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

RUN = "from maskwise.cli.main import main; main()"


def start_training(
    data: Path, run: Path, settings: Sequence[str], *more: str, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """`maskwise train cpu` with settings, which a resumed run takes none of."""
    chosen = [] if "--resume" in more else [word for s in settings for word in ("--set", s)]
    command = [
        sys.executable,
        "-c",
        RUN,
        "train",
        "cpu",
        "--data",
        str(data),
        "--out",
        str(run),
        *chosen,
        *more,
    ]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
