"""How many findings can be trusted: a bar for each kind, chosen for a precision."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwise.audit.findings import Finding


@dataclass(frozen=True)
class Bar:
    """The lowest probability from which on findings are expected to be right as often as asked, and their number."""

    probability: float
    n: int


def expected_bars(findings: Sequence[Finding], precision: float) -> dict[str, Bar]:
    """The bar of each kind whose findings have probabilities; a kind without such findings has none.

    If probabilities hold, findings are right as often as their mean says: the bar is where the mean of those above it
    falls below the precision. How well they hold was measured on procedural people.
    """
    by_kind: dict[str, list[float]] = {}
    for finding in findings:
        if finding.probability is not None:
            by_kind.setdefault(finding.kind, []).append(finding.probability)
    bars = {}
    for kind, told in by_kind.items():
        falling = np.sort(told)[::-1]
        mean = np.cumsum(falling) / np.arange(1, len(falling) + 1)
        enough = int((mean >= precision - 1e-9).sum())  # the mean of falling numbers falls
        if enough:
            bars[kind] = Bar(float(falling[enough - 1]), enough)
    return bars
