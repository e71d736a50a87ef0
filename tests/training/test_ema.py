import pytest
import torch

from maskwise.training.ema import MovingAverage, kept


def test_the_average_is_faded_in_and_then_keeps_as_much_as_was_asked() -> None:
    assert kept(0.998, 0) == pytest.approx(0.1)
    assert kept(0.998, 90) == pytest.approx(0.91)
    assert kept(0.998, 100_000) == 0.998
    assert kept(0.5, 90) == 0.5


def test_the_first_weights_are_forgotten_in_a_short_training() -> None:
    average = MovingAverage(0.998)._kwargs["avg_fn"]
    weights = torch.zeros(3)
    for step in range(348):
        weights = average(weights, torch.ones(3), torch.tensor(step))
    assert (weights > 0.99).all()
