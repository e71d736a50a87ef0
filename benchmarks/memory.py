"""The memory of a process that is watched from outside."""

from collections.abc import Sequence
from pathlib import Path


def memory(process: int) -> float:
    """Resident MB of a process."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"Expected process {process} to tell its memory, but it does not.")


def growth(seen: Sequence[float]) -> float:
    """How many times the memory of halfway was reached from there on; 1 for fewer than three looks."""
    middle = len(seen) // 2
    return max(seen[middle:]) / seen[middle] if len(seen) > 2 else 1.0
