"""P-values adjusted for how many hypotheses a study tests."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from maskwise.errors import InputError

Adjustment = Literal["benjamini-hochberg", "benjamini-yekutieli", "holm"]
ADJUSTMENTS: tuple[Adjustment, ...] = ("benjamini-hochberg", "benjamini-yekutieli", "holm")


def adjust_p_values(p_values: Sequence[float], adjustment: Adjustment = "benjamini-hochberg") -> list[float]:
    """P-values adjusted for their number.

    Args:
        p_values: one per hypothesis.
        adjustment: `benjamini-hochberg` bounds the share of false findings among the findings where the tests are
            independent or positively dependent, as differences from one baseline are; `benjamini-yekutieli` bounds it
            whatever the dependence; `holm` bounds the chance of any false finding (S. Holm, 1979).

    Raises:
        InputError: when there is no such adjustment, or a p-value is not between 0 and 1.
    """
    if adjustment not in ADJUSTMENTS:
        raise InputError(
            f"Expected the adjustment to be one of {', '.join(ADJUSTMENTS)}, got {adjustment!r}."
        )
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise InputError(f"Expected p-values between 0 and 1, got {list(p_values)}.")
    if not len(p):
        return []
    if adjustment == "holm":
        order = np.argsort(p, kind="stable")
        stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
        adjusted = np.empty_like(p)
        adjusted[order] = np.minimum(stepped, 1)
    else:
        from scipy.stats import false_discovery_control  # scipy.stats takes half a second to import

        adjusted = false_discovery_control(p, method="bh" if adjustment == "benjamini-hochberg" else "by")
    return [float(value) for value in adjusted]
