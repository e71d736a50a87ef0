"""Packages that come with an extra: imported when they are needed, or one line that names the extra."""

import importlib
from typing import Any

from maskwise.errors import InputError
from maskwise.process_settings import forbid_telemetry


def import_extra(module: str, needed: str, extra: str) -> Any:  # noqa: ANN401 - modules are not typed
    """Import a module that only an extra installs, with its telemetry off.

    Args:
        module: its name.
        needed: what is expected and for what, such as `Ray for work on other machines`.
        extra: the extra that installs it.

    Raises:
        InputError: when it is not installed.
    """
    forbid_telemetry()
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"Expected {needed}, but it is not installed: pip install 'maskwise[{extra}]'."
        ) from error
