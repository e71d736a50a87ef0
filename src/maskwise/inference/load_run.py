"""Open a run for prediction in PyTorch."""

from collections.abc import Sequence
from pathlib import Path

import torch

from maskwise.errors import InputError
from maskwise.inference.predictor import Predictor
from maskwise.inference.torch_engine import TorchEngine, default_device
from maskwise.models.ensemble import EnsembleSpec, load_ensemble
from maskwise.models.member import Member, load_member
from maskwise.process_settings import prepare_process
from maskwise.runs.members import member_folders


def load_members(run: Path) -> list[Member]:
    """The members of a run.

    Raises:
        InputError: when the run has no member, its files are broken, or members tell other classes apart.
    """
    folders = member_folders(run)
    members = [load_member(folder) for folder in folders]
    for folder, member in zip(folders, members, strict=True):
        if member.card.space.class_names != members[0].card.space.class_names:
            raise InputError(f"Expected {folder} to have the classes of {folders[0]}, got others.")
    return members


def load_predictor(run: Path, device: torch.device | None = None) -> Predictor:
    """The predictor of a run, all its members in PyTorch, on a GPU where there is one.

    Raises:
        InputError: when the run has no member, its files are broken, or members tell other classes apart.
    """
    members = load_members(run)
    return create_predictor(members, load_ensemble(run, len(members)), device)


def create_predictor(
    members: Sequence[Member], ensemble: EnsembleSpec | None = None, device: torch.device | None = None
) -> Predictor:
    """The predictor of members at hand, in PyTorch, on a GPU where there is one; by default their mean."""
    prepare_process()
    return Predictor(members[0].card, TorchEngine(members, device or default_device(), ensemble))
