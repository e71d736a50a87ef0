"""Packages that come with an extra: there when they are needed, or one line that names the extra."""

import importlib
from typing import Any

from maskwise.errors import InputError


def import_extra(module: str, needed: str, extra: str) -> Any:  # noqa: ANN401 - modules that are not always there
    """A module that only an extra installs.

    Args:
        module: its name.
        needed: what is expected and for what, such as `Ray for work on other machines`.
        extra: what installs it.

    Raises:
        InputError: when it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"Expected {needed}, but it is not installed: pip install 'maskwise[{extra}]'."
        ) from error
