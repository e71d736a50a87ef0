"""Packages that come with an extra: imported when they are needed, or one line that names the extra."""

import hashlib
import importlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from maskwise.errors import InputError
from maskwise.process_settings import forbid_telemetry

_SENDING_TELEMETRY = frozenset({"mlflow", "nncf", "openvino", "ray"})
"""Packages that report their use to their makers unless that is switched off before they are imported."""


def import_extra(module: str, needed: str, extra: str) -> Any:  # noqa: ANN401 - modules are not typed
    """Import a module that only an extra installs, with its telemetry off where it has one.

    Args:
        module: its name.
        needed: what is expected and for what, such as `Ray for work on other machines`.
        extra: the extra that installs it.

    Raises:
        InputError: when it is not installed.
    """
    if module.partition(".")[0] in _SENDING_TELEMETRY:
        forbid_telemetry()
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
