import numpy as np
import pytest

from benchmarks.interval_coverage import simulated_counts
from maskwise.metrics.bootstrap import bootstrap, interval, person_draws
from maskwise.metrics.classification import accuracy, class_f1, count_by_person, macro_f1


def test_coverage_of_macro_f1_with_rare_classes() -> None:
    """400 persons, as many as an evaluation set may have: 95% intervals hold the truth about as often."""
    random = np.random.default_rng(0)
    truth = macro_f1(simulated_counts(random, 150_000).sum(axis=0))
    covered = 0
    for trial in range(150):
        _, low, high = interval(macro_f1, simulated_counts(random, 400), draws=600, seed=trial)
        covered += bool(low <= truth <= high)
    # 150 trials at 95%: 99.8% of all such counts lie between 133 and 150.
    assert covered >= 133


def test_photos_as_units_would_cover_too_little() -> None:
    """The reason for drawing persons: photos of one person are no independent witnesses."""
    random = np.random.default_rng(1)
    by_person, by_photo = [], []
    for trial in range(20):
        counts = simulated_counts(random, 300)
        _, low, high = interval(accuracy, counts, draws=400, seed=trial)
        by_person.append(high - low)
        rows = []
        for row in counts:  # each person taken apart into seven of a seventh
            rows.extend([row / 7] * 7)
        _, low, high = interval(accuracy, np.array(rows), draws=400, seed=trial)
        by_photo.append(high - low)
    assert np.mean(by_photo) < 0.6 * np.mean(by_person)


def test_draws_have_as_many_persons_and_repeat_with_their_seed() -> None:
    blocks = list(person_draws(50, draws=30, seed=1))
    weights = np.concatenate(blocks)
    assert weights.shape == (30, 50)
    assert (weights.sum(axis=1) == 50).all()
    assert (weights == np.concatenate(list(person_draws(50, draws=30, seed=1)))).all()
    assert (weights != np.concatenate(list(person_draws(50, draws=30, seed=2)))).any()


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_hold_the_value_and_narrow_with_persons(method: str) -> None:
    random = np.random.default_rng(2)
    widths = []
    for n in (50, 200, 800):
        value, low, high = interval(macro_f1, simulated_counts(random, n), draws=500, method=method)
        assert low < value < high
        widths.append(float(high - low))
    assert widths[0] > widths[1] > widths[2]


def test_bca_is_scipys() -> None:
    from scipy.stats import bootstrap as reference

    counts = simulated_counts(np.random.default_rng(3), 120)
    _, low, high = interval(accuracy, counts, draws=4000)

    def statistic(rows: np.ndarray) -> float:
        return float(accuracy(counts[rows.astype(int)].sum(axis=0)))

    theirs = reference(
        (np.arange(120),),
        statistic,
        n_resamples=4000,
        vectorized=False,
        method="BCa",
        rng=np.random.default_rng(0),
    )
    assert np.allclose([low, high], theirs.confidence_interval, atol=0.006)


def test_several_statistics_at_once_are_those_one_by_one() -> None:
    counts = simulated_counts(np.random.default_rng(4), 60)
    value, low, high = interval(class_f1, counts, draws=200, seed=7)
    drawn = bootstrap(class_f1, counts, draws=200, seed=7)
    assert value.shape == low.shape == high.shape == (18,)
    one = interval(lambda stacked: class_f1(stacked)[..., 3], counts, draws=200, seed=7)
    assert np.allclose([value[3], low[3], high[3]], [float(part) for part in one])
    assert drawn.shape == (200, 18)


def test_one_person_says_nothing() -> None:
    counts = simulated_counts(np.random.default_rng(5), 1)
    _, low, high = interval(macro_f1, counts)
    assert (low, high) == (0, 1)


def test_a_perfect_score_has_an_interval_inside_the_unit() -> None:
    labels = np.tile(np.arange(18), 10)
    counts = count_by_person(labels, labels, np.repeat(np.arange(10), 18), 18, 10).stacked
    value, low, high = interval(macro_f1, counts)
    assert value == low == high == 1
