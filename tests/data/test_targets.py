from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from maskwise.competition.task import competition_task
from maskwise.data.table import PhotoTable
from maskwise.data.targets import band_probabilities, create_targets
from maskwise.errors import InputError

SPACE = competition_task().space
AGE = SPACE.attributes[2]


def table(*ages: float | None, band: str = "30-59") -> PhotoTable:
    frame = pl.DataFrame(
        {
            "photo": [f"{i}.jpg" for i in range(len(ages))],
            "mask": ["incorrect"] * len(ages),
            "gender": ["female"] * len(ages),
            "age": pl.Series(ages, dtype=pl.Float64),
            "age_band": [band] * len(ages),
        }
    )
    return PhotoTable(frame, Path(), SPACE)


def test_without_deviations_targets_are_one_hot() -> None:
    targets = create_targets(table(29, 30, 59, 60), SPACE, {})
    assert targets.shape == (4, 18)
    assert targets.argmax(axis=1).tolist() == [9, 10, 10, 11]
    assert (targets.sum(axis=1) == 1).all()
    assert (targets.max(axis=1) == 1).all()


def test_a_number_near_a_boundary_is_shared_by_both_bands() -> None:
    shared = band_probabilities(np.array([29.0, 30.0, 45.0]), AGE, 4.0)
    expected = norm.cdf(np.array([30, 60]), loc=np.array([29.5, 30.5, 45.5])[:, None], scale=4)
    assert shared[:, 0] == pytest.approx(expected[:, 0])
    assert shared[:, 2] == pytest.approx(1 - expected[:, 1])
    # 29 and 30 stand on either side of the boundary, half a year from it
    assert shared[0, 0] == pytest.approx(shared[1, 1], abs=1e-6)
    assert shared[0, 0] > 0.5 > shared[1, 0]


@given(st.lists(st.integers(0, 120), min_size=1), st.floats(1e-3, 30))
def test_bands_share_all_of_it_and_the_own_band_of_a_sure_label_wins(
    ages: list[int], deviation: float
) -> None:
    numbers = np.array(ages, dtype=float)
    shared = band_probabilities(numbers, AGE, deviation)
    assert np.allclose(shared.sum(axis=1), 1)
    assert (shared >= 0).all()
    sure = band_probabilities(numbers, AGE, 1e-3)
    assert (sure.argmax(axis=1) == AGE.band(numbers)).all()


def test_a_band_given_alone_stays_certain() -> None:
    targets = create_targets(table(None, band=">=60"), SPACE, {"age": 4.0})
    assert targets[0, 11] == 1


def test_only_the_numbers_attribute_is_softened() -> None:
    targets = create_targets(table(29), SPACE, {"age": 4.0})[0].reshape(3, 2, 3)
    assert targets.sum() == pytest.approx(1)
    assert targets[1, 1].sum() == pytest.approx(1)
    assert 0 < targets[1, 1, 1] < targets[1, 1, 0] < 1


def test_a_deviation_of_a_category_is_refused() -> None:
    with pytest.raises(InputError, match=r"labels\.deviations.*'gender'"):
        create_targets(table(29), SPACE, {"gender": 1.0})


def test_at_a_cap_a_number_is_its_band_whatever_boundaries_are_trained_with() -> None:
    shifted = SPACE.with_boundaries({"age": (30.0, 58.0)})
    capped = create_targets(table(45, 57, 60), shifted, {"age": 4.0}).reshape(3, 3, 2, 3).sum(axis=(1, 2))
    assert capped[2].tolist() == [0, 0, 1]
    assert 0.1 < capped[1, 2] < 0.9
    uncapped = create_targets(table(45, 60, 71), shifted, {"age": 4.0}).reshape(3, 3, 2, 3).sum(axis=(1, 2))
    assert uncapped[1, 2] < 0.9
