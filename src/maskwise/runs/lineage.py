"""What a run came from: enough to repeat it, and to tell whether it can be."""

import hashlib
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

import maskwise
from maskwise.data.scan import Scan
from maskwise.data.table import PhotoTable
from maskwise.files import printable

SCHEMA = 1
_PACKAGES = (
    "lightning",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "polars",
    "safetensors",
    "simplejpeg",
    "timm",
    "torch",
)


def data_fingerprint(table: PhotoTable, scan: Scan) -> str:
    """A digest of photos, persons, labels and the content of every file."""
    labels = [a.name for a in table.space.attributes] + [a.label_column for a in table.space.attributes]
    columns = list(dict.fromkeys(["photo", "person", "split", *labels]))
    digest = hashlib.blake2b(digest_size=20)
    for row, content in zip(
        table.frame.select(columns).iter_rows(), scan.frame["digest"].to_list(), strict=True
    ):
        digest.update(repr((row, content)).encode())
    return digest.hexdigest()


def describe_lineage(
    *,
    data: Path,
    fingerprint: str,
    table: PhotoTable,
    set_aside: pl.DataFrame,
    unlabelled: int,
    joined: list[str],
    held_out: np.ndarray[Any, np.dtype[np.bool_]],
    n_train: int,
    seeds: dict[str, int],
    threads: int,
    device: torch.device,
    measured: dict[str, Any],
    corrections: dict[str, Any] | None,
    further: list[dict[str, Any]],
    parents: list[dict[str, Any]],
) -> dict[str, Any]:
    """The content of `lineage.json`, without the times that the end of training adds."""
    return {
        "schema": SCHEMA,
        "maskwise": maskwise.__version__,
        "code": _commit(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "data": {
            "path": printable(data.resolve()),
            "fingerprint": fingerprint,
            "n_photos": len(table),
            "n_persons": len(np.unique(table.persons)),
            "set_aside": set_aside.to_dicts(),
            "unlabelled": unlabelled,
            "joined_persons": joined,
            "corrections": corrections,
            "further": further,
        },
        "split": {
            "n_train": n_train,
            "n_held_out": int(held_out.sum()),
        },
        "seeds": seeds,
        "threads": threads,
        "device": str(device),
        "measured": measured,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "machine": {
            "system": platform.system(),
            "release": platform.release(),
            "architecture": platform.machine(),
            "processor": _processor(),
            "processors": os.cpu_count(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        },
        "parents": parents,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> dict[str, Any] | None:
    """The commit of a checkout that the code runs from, and whether it was changed since; else None."""
    folder = Path(maskwise.__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain", "src"))}
    except (OSError, subprocess.SubprocessError):
        return None
