"""The cache folder: files that can be computed again."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The folder for scans, decoded photos, features and converted runs: `MASKWISE_CACHE`, or the user's cache folder.

    It can be deleted at any time: its content is computed again when needed.
    """
    chosen = os.environ.get("MASKWISE_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("maskwise", appauthor=False))
