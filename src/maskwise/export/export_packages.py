"""The packages of the extra `export`: imported when they are needed, and kept quiet."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

from maskwise.extras import import_extra


def import_for_export(name: str) -> Any:  # noqa: ANN401 - modules that may not be installed
    """A package of the extra `export`.

    Raises:
        InputError: when it is not installed.
    """
    return import_extra(name, f"the package {name} to convert a model", "export")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress what converters print, log and warn about while the block runs."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
