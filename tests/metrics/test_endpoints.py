import numpy as np
import pytest

from maskwise.errors import InputError
from maskwise.metrics.comparison import Comparison
from maskwise.metrics.endpoints import judge_endpoints
from maskwise.metrics.interval import Interval
from maskwise.metrics.verdict import Evidence


def endpoint(z: float, measure: str = "macro_f1", error: float = 0.02) -> Comparison:
    """A comparison whose gain is z standard errors."""
    evidence = Evidence(z * error, error, 1e6, 100)
    interval = Interval(z * error, (z - 1.96) * error, (z + 1.96) * error)
    return Comparison(
        interval,
        evidence.p_value,
        "can't tell",
        0.01,
        evidence.equivalence_p_value(0.01),
        0.5,
        0.5,
        100,
        None,
        measure,
        evidence,
    )


def test_the_first_endpoint_decides_where_it_can() -> None:
    found = judge_endpoints([endpoint(3), endpoint(-4, "log_loss")])
    assert (found.verdict, found.decided_by) == ("better", "macro_f1")


def test_a_later_endpoint_decides_only_by_the_fallback_rule() -> None:
    pair = [endpoint(1), endpoint(4, "log_loss")]
    assert judge_endpoints(pair, "sequence").verdict == "can't tell"
    found = judge_endpoints(pair, "fallback")
    assert (found.verdict, found.decided_by) == ("better", "log_loss")


def test_at_most_5_percent_false_findings() -> None:
    random = np.random.default_rng(0)
    for rule in ("sequence", "fallback"):
        for correlation in (0.0, 0.9):
            z = random.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], size=2000)
            wrong = [
                judge_endpoints([endpoint(a), endpoint(b, "log_loss")], rule).verdict in ("better", "worse")
                for a, b in z
            ]
            assert np.mean(wrong) <= 0.063  # 0.05 and 2.7 standard errors


def test_the_same_in_the_first_endpoint_is_the_same() -> None:
    found = judge_endpoints([endpoint(0.5, error=0.001), endpoint(0.1, "log_loss")])
    assert (found.verdict, found.decided_by) == ("practically the same", "macro_f1")


def test_bad_rules_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        judge_endpoints([])
    with pytest.raises(InputError, match="sequence or fallback"):
        judge_endpoints([endpoint(1)], "any")  # type: ignore[arg-type]
