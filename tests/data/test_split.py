import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.data.leakage import check_split
from maskwise.data.split import assign_folds, hold_out, hold_out_photos
from maskwise.errors import InputError, LeakError


@st.composite
def photos_of_persons(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    counts = draw(st.lists(st.integers(1, 7), min_size=10, max_size=80))
    strata = draw(st.lists(st.integers(0, 5), min_size=len(counts), max_size=len(counts)))
    return np.repeat([f"p{i}" for i in range(len(counts))], counts), np.repeat(strata, counts)


@settings(deadline=None)
@given(photos_of_persons(), st.floats(0.15, 0.5), st.integers(0, 5))
def test_hold_out(data: tuple[np.ndarray, np.ndarray], share: float, seed: int) -> None:
    persons, strata = data
    held = hold_out(persons, strata, share=share, seed=seed)
    assert not set(persons[held]) & set(persons[~held])
    n = len(set(persons))
    assert abs(len(set(persons[held])) - share * n) <= 1
    for stratum in set(strata):
        inside = set(persons[strata == stratum])
        assert abs(len(inside & set(persons[held])) - share * len(inside)) <= 1 + 1e-9
    order = np.random.default_rng(seed).permutation(len(persons))
    assert (hold_out(persons[order], strata[order], share=share, seed=seed) == held[order]).all()


@settings(deadline=None)
@given(photos_of_persons(), st.integers(2, 8), st.integers(0, 5))
def test_folds(data: tuple[np.ndarray, np.ndarray], n_folds: int, seed: int) -> None:
    persons, strata = data
    folds = assign_folds(persons, strata, n_folds=n_folds, seed=seed)
    by_person = {person: set(folds[persons == person]) for person in set(persons)}
    assert all(len(own) == 1 for own in by_person.values())
    sizes = np.bincount([next(iter(own)) for own in by_person.values()], minlength=n_folds)
    assert sizes.min() > 0
    assert sizes.max() - sizes.min() <= 1
    for stratum in set(strata):
        own = [next(iter(by_person[p])) for p in set(persons[strata == stratum])]
        counts = np.bincount(own, minlength=n_folds)
        assert counts.max() - counts.min() <= 1


def test_another_seed_is_another_split() -> None:
    persons = np.array([f"p{i}" for i in range(100)])
    strata = np.zeros(100, dtype=int)
    splits = [hold_out(persons, strata, share=0.2, seed=seed) for seed in (0, 0, 1)]
    assert (splits[0] == splits[1]).all()
    assert (splits[0] != splits[2]).any()


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        hold_out(np.array(["a", "b"]), np.array([0, 0]), share=share, seed=0)


def test_too_few_persons_are_refused() -> None:
    with pytest.raises(InputError, match="enough persons"):
        hold_out(np.array(["a", "a"]), np.array([0, 0]), share=0.5, seed=0)
    with pytest.raises(InputError, match="2 to 2 folds for 2 persons, got 3"):
        assign_folds(np.array(["a", "b"]), np.array([0, 0]), n_folds=3, seed=0)


def test_a_split_by_photo_leaks() -> None:
    persons = np.repeat([f"p{i}" for i in range(30)], 7)
    held = hold_out_photos([f"{i}.jpg" for i in range(210)], share=0.2, seed=0)
    assert abs(held.sum() - 42) <= 1
    with pytest.raises(LeakError):
        check_split(held, persons, [""] * 210, [])
