import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.competition.task import competition_task
from maskwise.evaluation.tune_decision import (
    OutOfFold,
    abstention_threshold,
    calibration_error,
    choose_members,
    fit_class_weights,
    fit_temperature,
    nested_choice_gain,
    nested_gain,
    tune_decision,
)
from maskwise.models.ensemble import EnsembleSpec, combine_members
from maskwise.models.tuned_decision import pool_by_person, weighted_classes, with_temperature
from maskwise.runs.decision_file import read_decision, write_decision

SPACE = competition_task().space


def predicted(
    seed: int, *, signal: float, persons: int = 60, classes: int = 6, sharpness: float = 1.0
) -> OutOfFold:
    """Persons with three photos of one class; calibrated at `sharpness` 1."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(persons), 3)
    prior = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])[:classes]
    logits = random.normal(0, 1, (len(person), classes)) * signal + np.log(prior)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (random.random((len(p), 1)) > p.cumsum(1)).sum(1).clip(0, classes - 1)
    return OutOfFold(with_temperature(p, 1 / sharpness), labels, person.astype(np.str_), person % 5)


def weighted_fit(data: OutOfFold) -> object:
    weights = fit_class_weights(data.probabilities, data.labels)
    return lambda others: weighted_classes(others.probabilities, weights)


def likeliest(data: OutOfFold) -> np.ndarray:
    return data.probabilities.argmax(1)


def test_tuned_without_a_signal_gains_nothing_on_persons_it_was_not_tuned_on() -> None:
    """500 data sets whose probabilities know nothing: fitted and scored on the same persons, all would gain."""
    better, fitted_gain, nested = 0, [], []
    for seed in range(500):
        random = np.random.default_rng(seed)
        person = np.repeat(np.arange(120), 2)
        p = random.dirichlet(np.ones(4), 240)
        data = OutOfFold(p, random.integers(0, 4, 240), person.astype(np.str_), person % 4)
        gain = nested_gain(data, weighted_fit, likeliest)
        better += gain.p < 0.05 and gain.value > 0
        nested.append(gain.value)
        if seed < 100:
            weights = fit_class_weights(p, data.labels)
            fitted_gain.append(
                np.mean(weighted_classes(p, weights) == data.labels) - np.mean(p.argmax(1) == data.labels)
            )
    assert better / 500 < 0.06
    assert abs(np.mean(nested)) < 0.01
    assert np.mean(fitted_gain) > 0.03


def test_chosen_members_without_a_signal_gain_nothing_on_persons_not_chosen_on() -> None:
    better, nested = 0, []
    for seed in range(500):
        random = np.random.default_rng(seed)
        person = np.repeat(np.arange(120), 2)
        members = [random.dirichlet(np.ones(4), 240) for _ in range(4)]
        labels = random.integers(0, 4, 240)
        gain = nested_choice_gain(members, labels, person.astype(np.str_), person % 4)
        better += gain.p < 0.05 and gain.value > 0
        nested.append(gain.value)
    assert better / 500 < 0.06
    assert abs(np.mean(nested)) < 0.01


def test_weights_help_a_model_that_neglects_rare_classes() -> None:
    data = predicted(0, signal=2.5, persons=600)
    against_rare = data.probabilities * np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04]) ** 1.5
    against_rare /= against_rare.sum(axis=1, keepdims=True)
    data = OutOfFold(against_rare, data.labels, data.persons, data.folds)
    gain = nested_gain(data, weighted_fit, likeliest)
    assert gain.value > 0.02
    assert gain.p < 0.05


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_what_made_probabilities_too_sharp(sharpness: float) -> None:
    data = predicted(1, signal=2.0, persons=1500, sharpness=sharpness)
    temperature = fit_temperature(data.probabilities, data.labels)
    assert temperature == pytest.approx(sharpness, rel=0.12)
    after = calibration_error(with_temperature(data.probabilities, temperature), data.labels)
    assert after < 0.03
    if sharpness != 1:
        assert calibration_error(data.probabilities, data.labels) > 2 * after


@settings(deadline=None)
@given(st.floats(0.2, 5), st.integers(0, 99))
def test_temperature_keeps_the_order_and_the_sum(temperature: float, seed: int) -> None:
    p = np.random.default_rng(seed).dirichlet(np.ones(5), 10)
    changed = with_temperature(p, temperature)
    assert np.allclose(changed.sum(1), 1)
    assert (changed.argmax(1) == p.argmax(1)).all()
    assert np.allclose(with_temperature(p, 1.0), p)


def test_abstention_keeps_as_many_as_are_right_often_enough() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, True, False, True, False])
    assert abstention_threshold(confidence, right, 0.75) == 0.6
    assert abstention_threshold(confidence, right, 1.0) == 0.8
    assert abstention_threshold(confidence, ~right, 1.0) > 1
    assert abstention_threshold(confidence, right, 0.5) == 0.5


def test_members_that_differ_are_chosen_over_ones_that_repeat() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 600)
    truth = np.eye(3)[labels]

    def member(right: np.ndarray) -> np.ndarray:
        wrong = np.eye(3)[(labels + 1) % 3]
        return np.where(right[:, None], 0.6 * truth + 0.4 / 3, 0.6 * wrong + 0.4 / 3)

    first = member(random.random(600) < 0.80)
    twin = first.copy()
    others = [member(random.random(600) < 0.78) for _ in range(2)]
    chosen = choose_members([first, twin, *others], labels)
    assert {2, 3} <= set(chosen)
    assert not {0, 1} <= set(chosen)


def test_a_decision_is_stored_with_what_it_is_worth(tmp_path: object) -> None:
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(18) * 0.03, 400).astype(np.float32)
    labels = (random.random((400, 1)) > p.cumsum(1)).sum(1).clip(0, 17)
    person = np.arange(400) // 4
    tuned = tune_decision(OutOfFold(p, labels, person.astype(np.str_), person % 5), SPACE, "joint")
    write_decision(tmp_path / "decision.json", tuned)
    again = read_decision(tmp_path / "decision.json")
    assert again == tuned
    assert tuned.gain_ci95[0] <= tuned.gain <= tuned.gain_ci95[1]
    assert (again.weighted(p) == weighted_classes(p, np.array(tuned.class_weights))).all()
    threshold, kept, reached = tuned.thresholds["0.9"]
    assert 0 < kept < 1
    assert abs(reached - 0.9) < 0.1
    assert 0 < threshold < 1


def test_photos_of_a_person_agree_on_what_is_constant_and_keep_their_mask() -> None:
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(18), 12)
    persons = np.repeat(["a", "b", "c"], 4)
    pooled = pool_by_person(p, persons, SPACE).reshape(12, 3, 2, 3)
    assert np.allclose(pooled.sum((1, 2, 3)), 1)
    own = p.reshape(12, 3, 2, 3)
    assert np.allclose(pooled.sum((2, 3)), own.sum((2, 3)))
    constant = pooled.sum(1)
    for rows in (slice(0, 4), slice(4, 8), slice(8, 12)):
        assert np.allclose(constant[rows], constant[rows][:1])
    alone = pool_by_person(p, np.arange(12).astype(np.str_), SPACE).reshape(12, 3, 2, 3)
    assert np.allclose(alone.sum(1), own.sum(1))


def test_members_speak_as_mean_weights_or_votes() -> None:
    p = torch.tensor([[[0.6, 0.3, 0.1]], [[0.2, 0.7, 0.1]], [[0.5, 0.4, 0.1]]])
    assert torch.allclose(combine_members(p, EnsembleSpec()), p.mean(0))
    assert torch.allclose(combine_members(p, EnsembleSpec(combine="weighted", weights=(2, 0, 0))), p[0])
    vote = combine_members(p, EnsembleSpec(combine="vote"))
    assert torch.allclose(vote.sum(1), torch.ones(1))
    assert vote[0] == pytest.approx([2 / 3, 1 / 3, 0], abs=2e-3)
    tie = combine_members(p[:2], EnsembleSpec(combine="vote"))
    assert tie[0].argmax() == 1
