"""maskwise: mask, gender and age band from photos of people, with a score one can trust."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskwise import metrics

__all__ = ["__version__", "metrics"]

__version__ = "0.1.0"

_ROOMS = ("metrics",)
"""Packages that `import maskwise` offers, imported when they are first used."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a package
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
