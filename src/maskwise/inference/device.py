"""The device that computes."""

import torch


def choose_device(rank: int = 0) -> torch.device:
    """A GPU where there is one, else the CPU.

    Args:
        rank: of this process among those that train together; each takes a GPU of its own.
    """
    if torch.cuda.is_available():
        return torch.device("cuda", rank % torch.cuda.device_count())
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
