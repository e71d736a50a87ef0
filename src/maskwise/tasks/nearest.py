"""What a mistyped name may have meant."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], n: int = 3) -> str:
    """` (closest: a, b)` with the known words that are most alike, or nothing."""
    names = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), list(names), n=n, cutoff=0.6)
    return f" (closest: {', '.join(names[name] for name in close)})" if close else ""
