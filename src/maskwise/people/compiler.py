"""numba, which compiles the loops over pixels and vertices; only the extra `people` installs it."""

from typing import Any

from maskwise.extras import import_extra

njit: Any = import_extra("numba", "numba to draw procedural people", "people").njit
"""numba's decorator, which is not typed.

Raises:
    InputError: at the import of this module, when numba is not installed.
"""
