"""The members of a run, found without importing anything heavy."""

import hashlib
from pathlib import Path

from maskwise.errors import InputError
from maskwise.files import check_folder


def member_folders(run: Path) -> list[Path]:
    """The folders of a run's members.

    Raises:
        InputError: when `run` is no run folder, or its training has not come to a member yet.
    """
    check_folder(run, "a run folder")
    folders = (
        sorted(f for f in (run / "members").glob("*") if f.is_dir()) if (run / "members").is_dir() else []
    )
    if not folders:
        unfinished = (run / "recipe.yaml").is_file()
        advice = (
            "its training is not finished: train with --resume" if unfinished else "it is no run of maskwise"
        )
        raise InputError(f"Expected {run} to have a member in members/, got none; {advice}.")
    return folders


def run_identity(run: Path) -> str:
    """A digest of a run's weights: parts made by other weights are not mixed in."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted((run / "members").rglob("model.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
