"""A run in PyTorch: its members and its predictor."""

from collections.abc import Sequence

import torch

from maskwise.errors import InputError
from maskwise.inference.device import choose_device
from maskwise.inference.predictor import Predictor
from maskwise.inference.torch_engine import TorchEngine
from maskwise.models.ensemble import EnsembleSpec
from maskwise.models.member import Member, load_member
from maskwise.process_settings import prepare_process
from maskwise.runs.run import Run


def load_members(run: Run) -> list[Member]:
    """The members of a run, with their weights.

    Raises:
        InputError: when the run has no member, its files are broken, or members have different classes.
    """
    folders = run.member_folders
    for folder in folders:
        run.check_member(folder, "model.safetensors")
    members = [load_member(folder, card) for folder, card in zip(folders, run.cards, strict=True)]
    for folder, member in zip(folders, members, strict=True):
        if member.card.space.class_names != members[0].card.space.class_names:
            raise InputError(f"Expected {folder} to have the classes of {folders[0]}, got others.")
    return members


def load_predictor(run: Run, device: torch.device | None = None) -> Predictor:
    """The predictor of a run, all its members in PyTorch, on a GPU where there is one.

    Raises:
        InputError: when the run has no member, its files are broken, or members have different classes.
    """
    return create_predictor(load_members(run), run.ensemble, device)


def create_predictor(
    members: Sequence[Member], ensemble: EnsembleSpec | None = None, device: torch.device | None = None
) -> Predictor:
    """The predictor of loaded members, in PyTorch, on a GPU where there is one; by default their mean."""
    prepare_process()
    return Predictor(members[0].card, TorchEngine(members, device or choose_device(), ensemble))
