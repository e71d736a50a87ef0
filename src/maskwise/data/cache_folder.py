"""Where maskwise keeps what it can make again."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """The folder for scans, decoded photos, features and converted runs: `MASKWISE_CACHE`, or the user's cache folder.

    It can be deleted at any time: what is in it is made again when it is needed.
    """
    chosen = os.environ.get("MASKWISE_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("maskwise", appauthor=False))
