"""A moving average of the weights over the steps of a training."""

import torch
from lightning.pytorch.callbacks import WeightAveraging


class MovingAverage(WeightAveraging):
    """Keep and score an exponential moving average of the weights (B. Polyak and A. Juditsky, 1992), faded in.

    Step t keeps at most (1 + t) / (10 + t) of what was before, as in TensorFlow's ExponentialMovingAverage: else the
    weights of the first step would weigh most in a short training.

    Args:
        decay: how much of the average a late step keeps.
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: torch.Tensor, current: torch.Tensor, steps: torch.Tensor | int) -> torch.Tensor:
            if not averaged.is_floating_point():  # a counter
                return current
            return averaged.lerp(current, 1 - kept(decay, int(steps)))

        super().__init__(use_buffers=True, avg_fn=average)


def kept(decay: float, steps: int) -> float:
    """How much of the average of so many steps the next step keeps."""
    return min(decay, (1 + steps) / (10 + steps))
