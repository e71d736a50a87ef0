"""Packages that come with an extra: there when they are needed, or one line that names the extra."""

import importlib
import os
import sys
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
