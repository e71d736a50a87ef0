import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwise.metrics.bootstrap import interval
from maskwise.metrics.classification import Floats, count_by_person, macro_f1
from maskwise.metrics.paired_difference import holm, paired_difference

PRIOR = np.array([0.24, 0.18, 0.04, 0.27, 0.23, 0.04])
CONFUSION = np.array([[0.8, 0.19, 0.01], [0.2, 0.7, 0.1], [0.02, 0.38, 0.6]])


def labelled(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Persons' gender x band (n,) and the joint classes (7n,) of their photos."""
    kind = random.choice(6, n, p=PRIOR)
    return kind, np.tile([0, 0, 0, 0, 0, 6, 12], n) + np.repeat(kind, 7)


def counts(random: np.random.Generator, kind: np.ndarray, labels: np.ndarray, gender_right: float) -> Floats:
    """Counts by person of predictions whose mistakes about a person go together."""
    n = len(kind)
    person = np.repeat(np.arange(n), 7)
    gender, band = kind // 3, kind % 3
    once = (random.random((n, 1)) > CONFUSION[band].cumsum(axis=1)).sum(axis=1)
    each = (random.random((7 * n, 1)) > CONFUSION[band[person]].cumsum(axis=1)).sum(axis=1)
    guessed_band = np.where(random.random(7 * n) < 0.6, once[person], each).clip(0, 2)
    guessed_gender = np.where(random.random(7 * n) < gender_right, gender[person], 1 - gender[person])
    predictions = labels // 6 * 6 + guessed_gender * 3 + guessed_band
    return count_by_person(labels, predictions, person, 18, n).stacked


def pair(seed: int, n: int, first: float, second: float) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    kind, labels = labelled(random, n)
    return counts(random, kind, labels, first), counts(random, kind, labels, second)


def test_models_that_are_alike_are_seldom_called_different() -> None:
    false = sum(
        paired_difference(macro_f1, *pair(seed, 200, 0.92, 0.92), draws=600, seed=seed).verdict(0.02)
        in ("better", "worse")
        for seed in range(200)
    )
    assert false <= 17


def test_a_difference_of_three_points_is_found_as_often_as_predicted() -> None:
    truth = [float(macro_f1(c.sum(axis=0))) for c in pair(0, 200_000, 0.965, 0.92)]
    assert truth[0] - truth[1] == pytest.approx(0.03, abs=0.004)
    found = [
        paired_difference(macro_f1, *pair(seed, 500, 0.92, 0.965), draws=600, seed=seed)
        for seed in range(120)
    ]
    power = np.mean([d.p < 0.05 for d in found])
    # The power that the standard error promises for the true difference.
    error = np.median([d.deviation for d in found])
    promised = np.mean(np.random.default_rng(0).normal(truth[0] - truth[1], error, 100_000) > 1.96 * error)
    assert power == pytest.approx(promised, abs=0.15)
    needed = np.median([d.persons_needed() or np.inf for d in found])
    assert 0.3 < (500 * ((1.96 + 0.84) * error / (truth[0] - truth[1])) ** 2) / needed < 3


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    truth = float(macro_f1(pair(1, 300_000, 0.92, 0.92)[0].sum(axis=0)))
    random, held = np.random.default_rng(0), 0
    for seed in range(500):
        kind, labels = labelled(random, 400)
        _, low, high = interval(macro_f1, counts(random, kind, labels, 0.92), draws=1000, seed=seed)
        held += bool(low <= truth <= high)
    assert 0.93 <= held / 500 <= 0.97


def test_p_and_interval_agree() -> None:
    for seed in range(60):
        difference = paired_difference(macro_f1, *pair(seed, 150, 0.92, 0.95), draws=2000)
        low, high = difference.ci95
        outside = low > 0 or high < 0
        if abs(difference.p - 0.05) > 0.01:
            assert outside == (difference.p < 0.05)
        assert low <= difference.ci90[0] <= difference.ci90[1] <= high


def test_the_same_predictions_do_not_differ_and_equivalence_takes_a_narrow_interval() -> None:
    same, other = pair(0, 200, 0.92, 0.93)
    nothing = paired_difference(macro_f1, same, same)
    assert (nothing.value, nothing.p, nothing.persons_needed()) == (0, 1, None)
    assert nothing.verdict(0.01) == "no difference larger than the margin"
    unsure = paired_difference(macro_f1, same, other)
    assert unsure.verdict(0.5) == "no difference larger than the margin"
    assert unsure.verdict(0.0001) == "can't tell"
    assert paired_difference(macro_f1, same[:1], other[:1]).verdict(0.02) == "can't tell"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_never_below_the_raw_and_keeps_their_order(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(1 >= a >= raw for a, raw in zip(adjusted, p, strict=True))
    assert adjusted[int(np.argmin(p))] == pytest.approx(min(1, min(p) * len(p)))
    order = np.argsort(p, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
