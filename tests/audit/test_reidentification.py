import numpy as np
import pytest

from maskwise.audit.reidentification import PersonMatch, match_persons, match_persons_across


def people(
    seed: int, n: int, aliases: int, *, photos: int = 5
) -> tuple[np.ndarray, np.ndarray, set[tuple[int, int]]]:
    """Features of persons of whom the last ones are the first ones again."""
    random = np.random.default_rng(seed)
    faces = random.normal(0, 1, (n, 40))
    faces[n - aliases :] = faces[:aliases]
    index = np.repeat(np.arange(n), photos)
    noise = random.normal(0, 1, (n * photos, 40)) * np.linspace(0.2, 2, 40)
    true = {(k, n - aliases + k) for k in range(aliases)}
    return (faces[index] + noise).astype(np.float32), index, true


@pytest.mark.parametrize("photos", [1, 5])
def test_persons_under_two_names_come_first_with_a_small_q_value(photos: int) -> None:
    features, index, true = people(0, 300, 12, photos=photos)
    found = match_persons(features, index)
    listed = [p for p in found if p.q_value < 0.2]
    named = {(p.first, p.second) for p in listed}
    if photos == 5:
        assert {(p.first, p.second) for p in found[:12]} == true
        assert len(named & true) >= 10
    assert len(named - true) <= max(2, 0.4 * len(named))
    assert [p.q_value for p in found] == sorted(p.q_value for p in found)
    assert len({k for p in found for k in (p.first, p.second)}) == 2 * len(found)


def test_the_probabilities_of_pairs_are_calibrated() -> None:
    pairs_seen = []
    for seed in range(60):
        features, index, true = people(seed, 200, seed % 12, photos=3 + seed % 3)
        pairs = match_persons(features, index)
        pairs_seen += [(p.probability, (p.first, p.second) in true) for p in pairs if p.q_value <= 0.5]
        assert [p.probability for p in pairs] == sorted((p.probability for p in pairs), reverse=True)
    stated, right = np.array(pairs_seen, dtype=float).T
    for low, high in ((0.2, 0.8), (0.8, 1.01)):
        inside = (stated >= low) & (stated < high)
        assert inside.sum() > 30
        assert stated[inside].mean() == pytest.approx(right[inside].mean(), abs=0.15)


def test_without_such_persons_the_q_values_are_high() -> None:
    stated, listed = 0.0, 0
    for seed in range(20):
        features, index, _ = people(seed, 200, 0)
        few = [p for p in match_persons(features, index) if p.q_value <= 0.3]
        listed += len(few)
        stated += few[-1].q_value * len(few) if few else 0.0
    # All are chance: a list should seldom claim more than it can.
    assert listed <= 12


def test_without_such_persons_hardly_a_pair_is_more_likely_than_not() -> None:
    sure = 0
    for seed in range(100, 160):
        features, index, _ = people(seed, 200, 0)
        sure += any(p.probability >= 0.5 for p in match_persons(features, index))
    assert sure <= 18  # of 60; 26 without the half a pair


def test_photos_that_all_look_the_same_match_nobody() -> None:
    assert match_persons(np.ones((120, 16), dtype=np.float32), np.arange(120) // 2) == []


def across(seed: int, n: int, known: int) -> tuple[list[PersonMatch], set[tuple[int, int]]]:
    """Matches with persons of other data, `known` of whom are among them."""
    features, index, true = people(seed, n, known, photos=4)
    here = index < n - 60
    found = match_persons_across(features[here], index[here], features[~here], index[~here] - (n - 60))
    return found, {(first, second - (n - 60)) for first, second in true}


def test_the_probabilities_of_persons_of_other_data_are_calibrated() -> None:
    pairs_seen = []
    for seed in range(60):
        found, true = across(seed, 240, seed % 16)
        pairs_seen += [(p.probability, (p.first, p.second) in true) for p in found if p.q_value <= 0.5]
        assert [p.q_value for p in found] == sorted(p.q_value for p in found)
    stated, right = np.array(pairs_seen, dtype=float).T
    for low, high in ((0.2, 0.8), (0.8, 1.01)):
        inside = (stated >= low) & (stated < high)
        assert inside.sum() > 30
        assert stated[inside].mean() == pytest.approx(right[inside].mean(), abs=0.15)


@pytest.mark.parametrize("known", [5, 30, 60])
def test_known_persons_are_found_whatever_their_share_of_the_other_data(known: int) -> None:
    found, true = across(1, 240, known)
    listed = {(p.first, p.second) for p in found if p.q_value <= 0.3}
    assert len(listed & true) >= 0.9 * known
    assert len(listed - true) <= max(2, 0.3 * len(listed))


def test_where_other_data_have_none_of_these_persons_the_q_values_are_high() -> None:
    listed = [len([p for p in across(seed, 240, 0)[0] if p.q_value <= 0.3]) for seed in range(20)]
    assert sum(listed) <= 12


def test_no_other_photos_and_photos_that_all_look_the_same_match_nobody() -> None:
    features, index, _ = people(0, 60, 0)
    assert match_persons_across(features, index, features[:0], index[:0]) == []
    same = np.ones_like(features)
    assert match_persons_across(same, index, same, index) == []
