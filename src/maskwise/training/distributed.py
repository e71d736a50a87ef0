"""Training under several processes (torchrun): who is who, and agreeing on things before training starts."""

import os

import torch
from torch import distributed


def rank() -> int:
    """The number of this process; 0 where there is only one."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """The number of processes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_world_size() -> int:
    """The number of processes on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process writes files and prints to the terminal."""
    return rank() == 0


def join_group() -> None:
    """Meet the other processes, where torchrun has started several; Lightning then uses the same group."""
    if world_size() > 1 and not distributed.is_initialized():
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        distributed.init_process_group(backend)


def barrier() -> None:
    """Wait until all processes have come here."""
    if distributed.is_initialized():
        distributed.barrier()


def all_agree(yes: bool) -> bool:
    """Whether every process says yes."""
    if not distributed.is_initialized():
        return yes
    vote = torch.tensor(int(yes))
    distributed.all_reduce(vote, distributed.ReduceOp.MIN)
    return bool(vote.item())


def any_says(yes: bool) -> bool:
    """Whether any process says yes."""
    return not all_agree(not yes)


def share_buffers(module: torch.nn.Module) -> None:
    """Give every process the first one's buffers, such as running statistics: one model is scored, not several."""
    if distributed.is_initialized():
        for buffer in module.buffers():
            distributed.broadcast(buffer, src=0)


def from_first(value: str) -> str:
    """The first process's value, in every process."""
    if not distributed.is_initialized():
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]


def gather(tensor: torch.Tensor) -> torch.Tensor:
    """The rows of all processes' tensors (n, ...), one behind the other."""
    if not distributed.is_initialized():
        return tensor
    parts: list[torch.Tensor | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(parts, tensor.cpu())
    return torch.cat([part for part in parts if part is not None])
