"""Several endpoints, declared beforehand in an order: which of them decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from maskwise.errors import InputError
from maskwise.metrics.comparison import Comparison
from maskwise.metrics.verdict import ALPHA, Verdict

Rule = Literal["sequence", "fallback"]
FIRST_SHARE = 0.8
"""The fallback rule's share of the level that the first endpoint has; the others divide the rest."""


@dataclass(frozen=True)
class EndpointVerdict:
    """A verdict and the endpoint that gave it.

    Attributes:
        verdict: of the first endpoint that decides, in the declared order.
        decided_by: its measure; None where none decides.
        p_value: the smallest level at which any endpoint would differ, by the rule: one p-value per pair of models,
            for adjusting over a study.
    """

    verdict: Verdict
    decided_by: str | None
    p_value: float


def judge_endpoints(comparisons: Sequence[Comparison], rule: Rule = "fallback") -> EndpointVerdict:
    """Test endpoints in their declared order, with at most 5% false findings over all of them.

    Args:
        comparisons: of the same two models, one per endpoint, in the declared order; first the one that matters most.
        rule: `sequence` tests each at 5%, and the next only after the one before has shown a difference: the later
            ones add to a finding and never replace it. `fallback` (B. Wiens, "A fixed sequence Bonferroni procedure",
            2003) gives the first 80% of the level and the others the rest, so that a later endpoint that moves sooner,
            such as the log loss, can decide where the first can't.

    Raises:
        InputError: when there is no comparison or no such rule.
    """
    if not comparisons:
        raise InputError("Expected at least one endpoint, got none.")
    if rule not in ("sequence", "fallback"):
        raise InputError(f"Expected the rule to be sequence or fallback, got {rule!r}.")
    p_values = [comparison.evidence.p_value for comparison in comparisons]
    if rule == "sequence" or len(comparisons) == 1:
        p = p_values[0]
        decided = comparisons[0] if p < ALPHA else None
    else:
        rest = (1 - FIRST_SHARE) / (len(comparisons) - 1)
        shares = [FIRST_SHARE, *[rest] * (len(comparisons) - 1)]
        level, decided = 0.0, None
        for comparison, value, share in zip(comparisons, p_values, shares, strict=True):
            level += share * ALPHA  # what an endpoint that differs had is passed on to the next
            if value < level:
                decided = decided or comparison
            else:
                level = 0.0
        p = min(1.0, *(value / share for value, share in zip(p_values, shares, strict=True)))
    main = comparisons[0]
    if main.equivalence_p_value < ALPHA and (decided is None or decided is main):
        return EndpointVerdict("practically the same", main.measure, p)
    if decided is None:
        return EndpointVerdict("can't tell", None, p)
    verdict: Verdict = "better" if decided.evidence.gain > 0 else "worse"
    return EndpointVerdict(verdict, decided.measure, p)
