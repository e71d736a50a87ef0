"""The line about the machine that every result begins with."""

import os
import platform
from importlib import metadata
from pathlib import Path


def describe_machine() -> str:
    """Processor, cores, system and versions, in one line."""
    processor = platform.processor() or "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        processor = names[0] if names else processor
    return (
        f"{processor}, {os.cpu_count()} cores; {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, torch {metadata.version('torch')}"
    )
