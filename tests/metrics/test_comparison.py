import numpy as np
import pytest
from sklearn.metrics import f1_score

from benchmarks.interval_coverage import simulated_pair
from maskwise.errors import InputError
from maskwise.metrics import Comparison, compare, compare_scores, judge_together


def pair(seed: int, gain: float = 0.0, n: int = 150) -> Comparison:
    y, a, b, groups = simulated_pair(np.random.default_rng(seed), n, gain)
    return compare(y, a, b, groups=groups, labels=range(18), draws=400, seed=seed)


def test_the_difference_is_that_of_sklearns_scores() -> None:
    y, a, b, groups = simulated_pair(np.random.default_rng(0), 80, 0.03)
    found = compare(y, a, b, groups=groups)
    labels = sorted(set(y) | set(a) | set(b))
    scores = [f1_score(y, p, labels=labels, average="macro", zero_division=0) for p in (a, b)]
    assert found.difference.value == pytest.approx(scores[1] - scores[0])
    assert (found.score_a, found.score_b) == pytest.approx(tuple(scores))


def test_equal_models_are_seldom_called_different() -> None:
    """At most 5% false verdicts: of 200 pairs, 17 or fewer in 98.5% of all cases."""
    assert sum(pair(seed).verdict in ("better", "worse") for seed in range(200)) <= 17


def test_a_large_gain_is_found_and_its_sign_turns_with_the_models() -> None:
    y, a, b, groups = simulated_pair(np.random.default_rng(1), 400, 0.08)
    assert compare(y, a, b, groups=groups).verdict == "better"
    assert compare(y, b, a, groups=groups).verdict == "worse"


def test_p_value_and_interval_agree() -> None:
    for seed in range(40):
        found = pair(seed, 0.03)
        outside = found.difference.low > 0 or found.difference.high < 0
        assert outside == (found.p_value < 0.05)


def test_the_same_predictions_are_practically_the_same() -> None:
    y, a, _, groups = simulated_pair(np.random.default_rng(2), 60, 0)
    found = compare(y, a, a, groups=groups)
    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)
    assert (found.verdict, found.p_value, found.more_groups_needed) == ("practically the same", 1, None)


def test_a_margin_decides_what_is_the_same() -> None:
    y, a, b, groups = simulated_pair(np.random.default_rng(3), 200, 0)
    wide = compare(y, a, b, groups=groups, margin=0.3)
    narrow = compare(y, a, b, groups=groups, margin=0.0001)
    assert wide.verdict == "practically the same"
    assert narrow.verdict == "can't tell"
    assert narrow.more_groups_needed is not None
    with pytest.raises(InputError, match="margin"):
        compare(y, a, b, groups=groups, margin=0)


def test_twice_the_groups_need_fewer_more() -> None:
    """Repeating the data keeps the difference, so what is needed in all hardly changes."""
    y, a, b, groups = simulated_pair(np.random.default_rng(4), 60, 0.01)
    once = compare(y, a, b, groups=groups)
    twice = compare(*(np.tile(column, 2) for column in (y, a, b)), groups=np.append(groups, groups + 1000))
    assert once.groups_needed and twice.groups_needed
    assert twice.groups_needed == pytest.approx(once.groups_needed, rel=0.15)


def test_one_group_or_one_class_decides_nothing() -> None:
    assert compare([0, 1, 1], [0, 0, 0], [0, 1, 1], groups=["a", "a", "a"]).verdict == "can't tell"
    one_class = compare([0, 0], [0, 0], [0, 0], groups=[1, 2])
    assert one_class.difference.value == 0


def test_a_smaller_loss_is_better() -> None:
    random = np.random.default_rng(5)
    y = random.integers(0, 2, 400)
    sure, unsure = (np.where(np.eye(2)[y] == 1, p, 1 - p) for p in (0.9, 0.6))
    groups = np.arange(400) // 4
    found = compare_scores("log_loss", y, unsure + 0 * sure, sure, groups=groups)
    assert found.difference.value < 0
    assert found.verdict == "better"


def test_rows_without_groups_are_merged_alike_on_both_sides() -> None:
    y, a, b, _ = simulated_pair(np.random.default_rng(6), 60, 0.05)
    merged = compare(y, a, b, groups=None, draws=4000)
    single = compare(y, a, b, groups=np.arange(len(y)), draws=4000)
    assert merged.difference.value == pytest.approx(single.difference.value)
    width = [c.difference.high - c.difference.low for c in (merged, single)]
    assert width[0] == pytest.approx(width[1], rel=0.08)


def test_judged_together_verdicts_are_no_bolder() -> None:
    apart = [pair(seed, 0.02) for seed in range(12)]
    for adjustment in ("benjamini-hochberg", "benjamini-yekutieli", "holm"):
        together = judge_together(apart, adjustment)
        assert all(t.p_value >= a.p_value - 1e-12 for t, a in zip(together, apart, strict=True))
        decided = sum(t.verdict in ("better", "worse") for t in together)
        assert decided <= sum(a.p_value < 0.05 for a in apart)
    assert [c.evidence for c in together] == [c.evidence for c in apart]
