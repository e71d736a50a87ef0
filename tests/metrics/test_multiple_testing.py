import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from maskwise.errors import InputError
from maskwise.metrics.multiple_testing import ADJUSTMENTS, Adjustment, adjust_p_values


@pytest.mark.parametrize("adjustment", ADJUSTMENTS)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_adjusted_values_are_no_smaller_and_keep_their_order(
    adjustment: Adjustment, p_values: list[float]
) -> None:
    adjusted = adjust_p_values(p_values, adjustment)
    assert all(1 >= a >= p - 1e-12 for a, p in zip(adjusted, p_values, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= -1e-12).all()


def test_by_hand() -> None:
    assert adjust_p_values([0.01, 0.04, 0.03], "holm") == pytest.approx([0.03, 0.06, 0.06])
    assert adjust_p_values([0.01, 0.04, 0.03]) == pytest.approx(false_discovery_control([0.01, 0.04, 0.03]))
    assert adjust_p_values([]) == []


def test_bad_values_are_refused() -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        adjust_p_values([1.5])
    with pytest.raises(InputError, match="one of"):
        adjust_p_values([0.5], "bonferroni")  # type: ignore[arg-type]
