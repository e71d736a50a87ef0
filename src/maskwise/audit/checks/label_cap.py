"""Numeric labels that pile up at one number, as they do where a cap means `or more`."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding
from maskwise.audit.inputs import AuditInputs

_MOST_ABOVE_SHARE, _FEWEST_AT_CAP = 0.02, 10


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    for attribute in inputs.table.space.attributes:
        if not attribute.is_numeric:
            continue
        per_person = inputs.table.frame.select("person", attribute.name).unique().drop_nulls()
        cap = find_cap(per_person[attribute.name].to_list())
        if cap is not None:
            number, n_there, n_above = cap
            above = f"{n_above} above" if n_above else "none above"
            yield Finding(
                kind=f"{attribute.name} piled at a cap",
                reason=f"{n_there} persons are labelled {number:g}, {above}: a cap, which means `or more`",
                score=0.2,
            )


def find_cap(numbers: Sequence[float]) -> tuple[float, int, int] | None:
    """The number at which labels pile up at the upper end, how many have it, and how many are above it.

    A cap has more than 1.5 times the median count of the five numbers below it, more than chance would give, and next
    to no labels above it.
    """
    counts = Counter(numbers)
    above = 0
    for top in sorted(counts, reverse=True):
        there = counts[top]
        if above <= _MOST_ABOVE_SHARE * there:
            usual = float(np.median([counts.get(top - k, 0) for k in range(1, 6)]))
            if there > 1.5 * usual and there - usual > 4 * np.sqrt(usual + 1) and there >= _FEWEST_AT_CAP:
                return top, there, above
        above += there
    return None


CHECK = Check(
    name="numbers piled at a cap", needs=frozenset(), kinds=("{attribute} piled at a cap",), find=_find
)
