"""Ways that take turns, each in a process of its own: what drifts on a machine drifts for all of them."""

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any


def take_turns(ways: Iterable[str], turns: int) -> dict[str, list[Any]]:
    """Run this script again with `--way WAY` for each way and turn; each prints what it measured, as JSON."""
    figures: dict[str, list[Any]] = {way: [] for way in ways}
    for _ in range(turns):
        for way, values in figures.items():
            command = [sys.executable, *sys.argv, "--way", way]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            values.append(json.loads(printed))
    return figures
