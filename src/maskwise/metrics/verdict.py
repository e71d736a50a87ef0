"""What a paired difference allows one to say: better, worse, practically the same, or can't tell."""

import math
from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtri, stdtr

Verdict = Literal["better", "worse", "practically the same", "can't tell"]

ALPHA = 0.05
POWER = 0.8
DEFAULT_MARGIN = 0.01


@dataclass(frozen=True)
class Evidence:
    """An estimated gain with its uncertainty.

    Attributes:
        gain: how much better B is than A; negative where it is worse.
        standard_error: of the gain.
        freedom: degrees of freedom of the standard error.
        n_groups: the groups that it rests on.
    """

    gain: float
    standard_error: float
    freedom: float
    n_groups: int

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference, by Student's t."""
        if not math.isfinite(self.standard_error):
            return 1.0
        if self.standard_error == 0:
            return 1.0 if self.gain == 0 else 0.0
        return float(min(1.0, 2 * stdtr(self.freedom, -abs(self.gain) / self.standard_error)))

    def equivalence_p_value(self, margin: float) -> float:
        """P-value of a difference of at least the margin in either direction: the larger of two one-sided tests."""
        if not math.isfinite(self.standard_error):
            return 1.0
        room = margin - abs(self.gain)
        if self.standard_error == 0:
            return 0.0 if room > 0 else 1.0
        return float(stdtr(self.freedom, -room / self.standard_error))


def decide(
    evidence: Evidence, margin: float, *, p_value: float | None = None, equivalence: float | None = None
) -> Verdict:
    """The verdict on a gain.

    A gain that is surely smaller than the margin is called practically the same, also where it surely is not 0.

    Args:
        evidence: the gain.
        margin: differences below it do not matter.
        p_value: adjusted for the number of comparisons; the gain's own by default.
        equivalence: the same of the equivalence test.
    """
    p = evidence.p_value if p_value is None else p_value
    p_same = evidence.equivalence_p_value(margin) if equivalence is None else equivalence
    if p_same < ALPHA:
        return "practically the same"
    if p < ALPHA:
        return "better" if evidence.gain > 0 else "worse"
    return "can't tell"


def groups_needed(evidence: Evidence, margin: float) -> int | None:
    """How many groups in all would give a verdict with a power of 80%, were the gain what it looks like.

    The smaller number of two: those that would show a difference, and those that would show that it is smaller than
    the margin. None where neither can be had.
    """
    if not math.isfinite(evidence.standard_error):
        return None
    gain, unit = abs(evidence.gain), evidence.standard_error**2 * evidence.n_groups
    needed = []
    if gain > 0:
        needed.append(unit * float((ndtri(1 - ALPHA / 2) + ndtri(POWER)) / gain) ** 2)
    if gain < margin:
        needed.append(unit * float((ndtri(1 - ALPHA) + ndtri((1 + POWER) / 2)) / (margin - gain)) ** 2)
    return math.ceil(min(needed)) if needed else None


def detectable_effect(standard_error: float) -> float:
    """The smallest true difference found with a power of 80% at a two-sided level of 5%."""
    return float(ndtri(1 - ALPHA / 2) + ndtri(POWER)) * standard_error
