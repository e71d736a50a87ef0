import numpy as np
import pytest

from benchmarks.interval_coverage import simulated_pair
from maskwise.metrics.class_counts import count_classes
from maskwise.metrics.rare_classes import rare_class_variance


def counts(n_persons: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    y, a, b, person = simulated_pair(np.random.default_rng(seed), n_persons, 0.0)
    first, second = (count_classes(y, p, person, 18, n_persons) for p in (a, b))
    return first, second


def test_it_is_never_negative_and_vanishes_with_many_groups() -> None:
    found = {n: [rare_class_variance(*counts(n, seed), np.ones(n)) for seed in range(20)] for n in (60, 1000)}
    assert min(found[60]) >= 0
    # Standard errors of the difference are about 0.06 and 0.016.
    assert 0.0001 < np.mean(found[60]) < 0.001
    assert np.mean(found[1000]) < 0.02 * 0.016**2


def test_merged_groups_count_as_often_as_there_are() -> None:
    first, second = counts(60)
    twice = [np.concatenate([side, side]) for side in (first, second)]
    assert rare_class_variance(first, second, np.full(60, 2.0)) == pytest.approx(
        rare_class_variance(twice[0], twice[1], np.ones(120))
    )


def test_equal_models_have_none() -> None:
    first, _ = counts(60)
    assert rare_class_variance(first, first, np.ones(60)) == 0
