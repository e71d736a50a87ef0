"""The code, the packages and the machine at hand, as a lineage records them."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import torch

import maskwise
from maskwise.runs.lineage import Code, DataLineage, Lineage, Machine, Measurements, Parent, Seeds, SplitSizes

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


def begin_lineage(
    *,
    data: DataLineage,
    split: SplitSizes,
    seeds: Seeds,
    threads: int,
    device: str,
    measured: Measurements,
    parents: tuple[Parent, ...],
) -> Lineage:
    """The lineage of a run that begins here and now; its end adds the time it took."""
    return Lineage(
        maskwise=maskwise.__version__,
        code=_commit(),
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        data=data,
        split=split,
        seeds=seeds,
        threads=threads,
        device=device,
        measured=measured,
        python=platform.python_version(),
        packages={name: installed_version(name) for name in _PACKAGES},
        machine=Machine(
            system=platform.system(),
            release=platform.release(),
            architecture=platform.machine(),
            processor=_processor(),
            processors=os.cpu_count(),
            gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        ),
        parents=parents,
        finished=False,
    )


def installed_version(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
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


def _commit() -> Code | None:
    """The commit of a checkout that the code runs from, and whether it was changed since; else None."""
    folder = Path(maskwise.__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return Code(commit=git("rev-parse", "HEAD"), changed=bool(git("status", "--porcelain", "src")))
    except (OSError, subprocess.SubprocessError):
        return None
