import numpy as np
import pytest

from maskwise.metrics.verdict import Evidence, decide, detectable_effect, groups_needed


@pytest.mark.parametrize(
    ("gain", "error", "verdict"),
    [
        (0.05, 0.01, "better"),
        (-0.05, 0.01, "worse"),
        (0.001, 0.002, "practically the same"),
        (0.005, 0.001, "practically the same"),  # surely not 0, and surely below the margin
        (0.005, 0.02, "can't tell"),
        (0.0, float("nan"), "can't tell"),
    ],
)
def test_verdicts(gain: float, error: float, verdict: str) -> None:
    assert decide(Evidence(gain, error, 200, 201), 0.01) == verdict


def test_groups_needed_give_the_promised_power() -> None:
    unit = 0.4  # standard error of one group
    for gain, verdict in ((0.05, "better"), (0.0, "practically the same"), (-0.03, "worse")):
        needed = groups_needed(Evidence(gain, unit / 10, 99, 100), 0.01)
        assert needed is not None
        error = unit / np.sqrt(needed)
        draws = np.random.default_rng(0).normal(gain, error, 2000)
        decided = [decide(Evidence(d, error, needed - 1, needed), 0.01) == verdict for d in draws]
        assert np.mean(decided) == pytest.approx(0.8, abs=0.03)


def test_detectable_effect_is_found_with_a_power_of_80_percent() -> None:
    draws = np.random.default_rng(0).normal(detectable_effect(0.02), 0.02, 4000)
    found = [Evidence(d, 0.02, 1e6, 400).p_value < 0.05 for d in draws]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)
