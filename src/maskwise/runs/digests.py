"""Digests of a run's files, kept in its lineage: bytes that changed since they were written are found on opening.

They find accidents such as a bad disk or a copy that was cut off, not forgery: whoever can write the run can write its
lineage too.
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from maskwise.errors import InputError
from maskwise.runs.run_folder import RunFolder

_CHUNK = 1 << 20


def digest_of(path: Path) -> str:
    """The BLAKE2b digest (128 bits) of a file's content, in hexadecimal."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        for chunk in iter(partial(stream.read, _CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def run_digests(folder: RunFolder) -> dict[str, str]:
    """The digests of the files that a run is opened from, by their path in its folder; lineage and reports are none."""
    files = [
        folder.recipe,
        folder.split,
        folder.metrics,
        folder.predictions,
        folder.decision,
        folder.ensemble,
        *sorted(folder.members.glob("*/model.*")),
    ]
    return {path.relative_to(folder.path).as_posix(): digest_of(path) for path in files if path.is_file()}


def check_digest(folder: RunFolder, path: Path, digests: Mapping[str, str]) -> None:
    """Check that a file of a run is what the run wrote; files without a digest, as older runs have them, pass.

    Raises:
        InputError: when it is missing or its content has changed.
    """
    expected = digests.get(path.relative_to(folder.path).as_posix())
    if expected is None:
        return
    try:
        found = digest_of(path)
    except OSError as error:
        raise InputError(f"Expected {path} to be readable, got: {error.strerror}.") from error
    if found != expected:
        raise InputError(
            f"Expected {path} to be as the run wrote it (digest {expected[:12]} in {folder.lineage.name}), got "
            f"{found[:12]}: it is damaged or was changed. Copy the run again, or train it again."
        )
