"""The largest batch that fits a GPU, with the effective batch that the recipe asks for."""

import copy
from collections.abc import Callable

import torch

from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError
from maskwise.losses.create import Loss
from maskwise.models.classifier import Classifier
from maskwise.training.distributed import all_agree

MOST = 4096


def largest_batch(fits: Callable[[int], bool], *, most: int = MOST) -> int:
    """The largest batch size for which `fits` is true: doubled until it is not, then halved in between.

    Under several processes each tries the same sizes in step, and a size fits when it fits for all.

    Args:
        fits: whether a batch size can be trained on here; assumed to be true below any size that fits.
        most: where to stop.

    Raises:
        InputError: when not even one photo fits.
    """

    def fits_all(size: int) -> bool:
        return all_agree(fits(size))

    low, high = 0, 1
    while high <= most and fits_all(high):
        low, high = high, high * 2
    if low == 0:
        raise InputError(
            "Expected a batch of one photo to fit, but it does not: choose a smaller model or size."
        )
    high = min(high, most + 1)
    # To within an eighth: closer is not worth the tries, and a margin keeps fragmentation from failing it.
    while high - low > max(1, low // 8):
        middle = (low + high) // 2
        low, high = (middle, high) if fits_all(middle) else (low, middle)
    return low


def divide_batch(found: int, effective: int | None, processes: int) -> tuple[int, int]:
    """The batch of a process and how many are accumulated, for an effective batch that is kept exactly.

    Raises:
        InputError: when the effective batch can't be dealt evenly to the processes.
    """
    if effective is None:
        return found, 1
    if effective % processes:
        raise InputError(
            f"Expected training.effective_batch to be a multiple of the {processes} processes, got {effective}."
        )
    share = effective // processes
    size = max(size for size in range(1, min(found, share) + 1) if share % size == 0)
    return size, share // size


def fits_on_gpu(
    classifier: Classifier,
    loss: Loss,
    transform: TransformSpec,
    device: torch.device,
    autocast: torch.dtype | None,
) -> Callable[[int], bool]:
    """A test for `largest_batch`: a forward and a backward pass on random photos.

    Raises:
        InputError: when `device` is no GPU.
    """
    if device.type != "cuda":
        raise InputError(
            "Expected a GPU for training.batch_size=auto, which fills a GPU's memory; got none. "
            "Set a number, such as training.batch_size=64."
        )
    # A copy: what random photos do to running statistics must not reach the model that is trained.
    model = copy.deepcopy(classifier).to(device).train()

    def fits(size: int) -> bool:
        try:
            images = torch.randn(size, 3, *transform.output_size, device=device)
            images = images.to(memory_format=torch.channels_last)
            with torch.autocast(device.type, autocast or torch.float16, enabled=autocast is not None):
                logits = model(images)
            torch.autograd.backward(loss(logits, torch.full_like(logits, 1 / logits.shape[1])))
        except torch.OutOfMemoryError:
            return False
        finally:
            model.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
        return True

    return fits
