import numpy as np
import pytest

from benchmarks.fold_coverage import out_of_fold_counts, simulated_persons
from maskwise.errors import InputError
from maskwise.metrics.classification import Floats, macro_f1
from maskwise.metrics.out_of_fold import out_of_fold_difference


def recipes(
    seed: int, n_seeds: int = 3, n_persons: int = 80
) -> tuple[list[Floats], list[Floats], np.ndarray]:
    """Two equal recipes, each trained with several seeds on five folds."""
    random = np.random.default_rng(seed)
    x, y, person = simulated_persons(random, n_persons)
    fold = random.permutation(np.arange(n_persons) % 5)
    runs = [
        [out_of_fold_counts(x, y, person, fold, 40, seed * 100 + 10 * side + s) for s in range(n_seeds)]
        for side in (0, 1)
    ]
    return runs[0], runs[1], fold


def test_the_value_is_the_difference_of_mean_pooled_scores() -> None:
    a, b, fold = recipes(0)
    found = out_of_fold_difference(a, b, fold, draws=200)
    means = [np.mean([macro_f1(run.sum(axis=0)) for run in side]) for side in (a, b)]
    assert found.difference.value == pytest.approx(means[1] - means[0])
    assert found.difference.low < found.difference.value < found.difference.high


def test_equal_recipes_are_seldom_called_different() -> None:
    wrong = sum(
        out_of_fold_difference(*recipes(seed), draws=200).evidence.p_value < 0.05 for seed in range(60)
    )
    assert wrong <= 8  # 60 at 5%: more in 0.3% of all cases


def test_seeds_widen_what_persons_alone_would_give() -> None:
    widened = [
        found.training.variance > 0
        for found in (out_of_fold_difference(*recipes(seed), draws=200) for seed in range(10))
    ]
    assert sum(widened) >= 7


def test_one_seed_borrows_from_the_other_recipe_or_uses_folds() -> None:
    a, b, fold = recipes(1)
    borrowed = out_of_fold_difference(a, b[:1], fold, draws=200)
    single = out_of_fold_difference(a[:1], b[:1], fold, draws=200)
    assert (borrowed.training_from, single.training_from) == ("seeds", "folds")


def test_the_same_runs_do_not_differ() -> None:
    a, _, fold = recipes(2)
    found = out_of_fold_difference(a, a, fold, draws=200)
    assert found.difference.value == 0
    assert found.evidence.p_value == 1


def test_runs_that_do_not_match_are_refused() -> None:
    a, b, fold = recipes(3)
    with pytest.raises(InputError, match="same groups"):
        out_of_fold_difference(a, [b[0][:-1]], fold)
    with pytest.raises(InputError, match="2 folds"):
        out_of_fold_difference(a, b, np.zeros_like(fold))
    with pytest.raises(InputError, match="one run"):
        out_of_fold_difference([], b, fold)
