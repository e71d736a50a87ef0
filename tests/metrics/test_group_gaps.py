import numpy as np
import pytest

from maskwise.competition.task import competition_task
from maskwise.metrics.group_gaps import largest_gaps
from maskwise.reporting.group_words import gap_in_words
from maskwise.runs.metrics import Gap
from maskwise.tasks.label_space import UNKNOWN

SPACE = competition_task().space


def gaps_of(wrong: np.ndarray, groups: np.ndarray, persons: np.ndarray) -> list[dict]:
    """Everybody is labelled 0, 0, 0; where `wrong`, the gender is taken for the other."""
    labels = np.zeros((len(wrong), 3), dtype=np.int64)
    predictions = SPACE.encode(np.stack([np.zeros_like(wrong), wrong, np.zeros_like(wrong)], 1))
    names = sorted(set(groups.tolist()))
    return largest_gaps(labels, predictions, persons, {"site": names}, {"site": groups}, SPACE, fewest=20)


def test_the_largest_gap_of_a_column_and_its_interval() -> None:
    random = np.random.default_rng(0)
    persons = np.repeat(np.arange(200), 5)
    groups = np.where(persons % 2 == 0, "a", "b")
    wrong = (random.random(1000) < np.where(groups == "a", 0.05, 0.25)).astype(np.int64)
    (gap,) = gaps_of(wrong, groups, persons)
    assert (gap["column"], gap["what"], gap["best"], gap["worst"]) == ("site", "all right", "a", "b")
    share = {g: 1 - wrong[groups == g].mean() for g in "ab"}
    assert gap["value"] == pytest.approx(share["a"] - share["b"], abs=1e-6)
    low, high = gap["ci95"]
    assert 0.1 < low < gap["value"] < high < 0.3
    assert gap_in_words(Gap.model_validate(gap)).startswith("site, all right: b 0.")


def test_groups_that_share_their_persons_are_compared_within_persons() -> None:
    # Good and bad persons differ much, but each is a little worse in b: a gap that is sure only within persons.
    persons = np.repeat(np.arange(100), 20)
    place = np.tile(np.arange(20), 100)
    groups = np.where(place < 10, "a", "b")
    skill = persons % 10
    wrong = ((place % 10) < skill - (groups == "a")).astype(np.int64)
    (gap,) = gaps_of(wrong, groups, persons)
    low, high = gap["ci95"]
    assert gap["value"] == pytest.approx(0.09)
    assert high - low < 0.03  # apart they would be known to 0.08 each
    assert low > 0.05


def test_groups_alike_or_unknown_have_no_gap() -> None:
    persons = np.arange(60)
    groups = np.where(persons % 2 == 0, "a", "b")
    assert gaps_of(np.zeros(60, np.int64), groups, persons) == []
    unknown, told, names = np.full((60, 3), UNKNOWN), np.zeros(60, np.int64), {"s": groups}
    assert largest_gaps(unknown, told, persons, {"s": ["a", "b"]}, names, SPACE, fewest=20) == []
    unknown[groups == "a"] = 0
    unknown[np.flatnonzero(groups == "b")[:19]] = 1  # all wrong, of 19 persons
    assert largest_gaps(unknown, told, persons, {"s": ["a", "b"]}, names, SPACE, fewest=20) == []
    assert largest_gaps(unknown, told, persons, {"s": ["a", "b"]}, names, SPACE, fewest=19)[0]["value"] == 1
