import numpy as np
import pytest

from maskwise.audit.label_errors import calibrate, find_label_errors, find_number_errors, find_swapped_labels


def simulated(seed: int, n: int, *, wrong: float, sure: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calibrated probabilities of two values, labels of which a share is wrong, and which ones."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, n)
    logit = random.normal(0, 1, n) + sure * (2 * truth - 1)
    p = 1 / (1 + np.exp(-2 * sure * logit))
    flipped = random.random(n) < wrong
    return np.stack([1 - p, p], axis=1), np.where(flipped, 1 - truth, truth), flipped


@pytest.mark.parametrize("wrong", [0.02, 0.1])
def test_the_share_of_wrong_labels_and_each_ones_probability_are_calibrated(wrong: float) -> None:
    p, labels, flipped = simulated(0, 20_000, wrong=wrong, sure=2.0)
    errors = find_label_errors(p, labels)
    assert errors.error_rate == pytest.approx(wrong, rel=0.25)
    for low, high in ((0.05, 0.5), (0.5, 0.95), (0.95, 1.01)):
        inside = (errors.probability >= low) & (errors.probability < high)
        assert abs(errors.probability[inside].mean() - flipped[inside].mean()) < 0.12
    assert (errors.suggested == 1 - labels).all()


def test_clean_labels_are_not_doubted_and_unknown_ones_never() -> None:
    p, labels, _ = simulated(1, 5000, wrong=0.0, sure=2.5)
    assert (find_label_errors(p, labels).probability > 0.5).mean() < 0.01
    labels[:100] = -1
    assert (find_label_errors(p, labels).probability[:100] == 0).all()


def test_numbers_far_from_what_they_look_like_are_doubted_but_not_at_a_cap() -> None:
    random = np.random.default_rng(0)
    truth = random.uniform(18, 80, 2000)
    labels = np.minimum(np.rint(truth + random.normal(0, 3, 2000)), 60)
    moved = np.arange(2000) < 60
    labels[moved] = np.where(truth[moved] > 45, labels[moved] - 25, np.minimum(labels[moved] + 25, 60))
    errors = find_number_errors(truth + random.normal(0, 4, 2000), labels, 60.0)
    found = errors.probability > 0.5
    assert found[moved].mean() > 0.85
    assert found[~moved].mean() < 0.01
    labels[:10] = np.nan
    assert (find_number_errors(truth, labels).probability[:10] == 0).all()


def test_a_number_is_compared_with_other_numbers_only() -> None:
    """With two numbers the rarer one is no less itself for being rare."""
    labels = np.array([20.0] * 95 + [40.0] * 5)
    errors = find_number_errors(labels + np.random.default_rng(0).normal(0, 3, 100), labels)
    assert errors.probability.max() < 0.05
    assert set(errors.suggested[:95]) == {40}
    assert set(errors.suggested[95:]) == {20}


def test_exchanged_labels_are_found_as_one() -> None:
    random = np.random.default_rng(0)
    n = 150
    labels = np.tile([0, 0, 0, 0, 0, 1, 2], n)
    person = np.repeat(np.arange(n), 7)
    p = random.dirichlet(np.ones(3), 7 * n) * 0.06
    p[np.arange(7 * n), labels] += 0.94
    exchanged = {k * 7: ((5, 6), (2, 6))[k % 2] for k in range(10)}
    for start, (a, b) in exchanged.items():
        p[[start + a, start + b]] = p[[start + b, start + a]]
    found = {(s.first, s.second): s.probability for s in find_swapped_labels(p, labels, person, least=0.5)}
    assert set(found) == {(start + a, start + b) for start, (a, b) in exchanged.items()}
    assert min(found.values()) > 0.7


def test_a_value_that_no_label_has_is_no_alternative() -> None:
    p = np.tile([[0.001, 0.009, 0.99], [0.2, 0.1, 0.7]], (50, 1))
    labels = np.tile([0, 1], 50)
    errors = find_label_errors(p, labels)
    assert (errors.suggested == 1 - labels).all()
    only_one = find_label_errors(p, np.zeros(100, dtype=np.int64))
    assert (only_one.probability == 0).all()
    assert (find_label_errors(p, np.full(100, -1)).probability == 0).all()


def test_wrong_labels_do_not_make_the_model_look_unsure() -> None:
    p, labels, _ = simulated(3, 20_000, wrong=0.1, sure=1.6)
    for sharper in (0.5, 2.0):
        changed = p**sharper / (p**sharper).sum(axis=1, keepdims=True)
        mended = calibrate(changed, labels)
        assert abs(mended - p).mean() < 0.015
    assert (calibrate(p, np.full(len(p), -1)) == p).all()


def test_numbers_that_do_not_depend_on_the_predictions_are_not_doubted() -> None:
    random = np.random.default_rng(1)
    labels = random.uniform(18, 60, 300)
    assert (find_number_errors(np.full(300, 40.0), labels).probability == 0).all()
    assert (find_number_errors(np.full(300, np.nan), labels).probability == 0).all()
    assert (find_number_errors(-labels, labels).probability == 0).all()
    predicted = np.where(np.arange(300) < 5, np.nan, labels)
    assert (find_number_errors(predicted, labels).probability[:5] == 0).all()


def test_the_old_are_not_doubted_for_looking_younger_to_a_regression() -> None:
    random = np.random.default_rng(0)
    labels = random.uniform(18, 80, 3000)
    shrunk = 45 + 0.4 * (labels - 45) + random.normal(0, 3, 3000)
    assert (find_number_errors(shrunk, labels).probability > 0.5).mean() < 0.005
    moved = labels.copy()
    moved[:60] = 98 - labels[:60]
    far = np.abs(moved[:60] - labels[:60]) > 30
    assert (find_number_errors(shrunk, moved).probability[:60][far] > 0.5).mean() > 0.7


def test_one_wrong_photo_is_no_exchange() -> None:
    n = 100
    labels = np.tile([0, 0, 0, 0, 0, 1, 2], n)
    person = np.repeat(np.arange(n), 7)
    p = np.full((7 * n, 3), 0.001)
    p[np.arange(7 * n), labels] = 0.998
    for k in range(10):  # one mask photo looks like value 1, everything else as it is labelled
        p[7 * k] = [0.001, 0.998, 0.001]
    assert find_swapped_labels(p, labels, person) == []
    assert (find_label_errors(p, labels).probability[[7 * k for k in range(10)]] > 0.5).all()
