"""How the members of a run speak with one voice."""

from pathlib import Path
from typing import Literal

import torch
from pydantic import Field, ValidationError
from torch.nn.functional import one_hot

from maskwise.errors import InputError
from maskwise.files import read_json, write_text
from maskwise.strict_model import StrictModel

FILE = "ensemble.json"
Combine = Literal["mean", "weighted", "vote"]


class EnsembleSpec(StrictModel):
    """`mean` of probabilities, `weighted` mean, or the share of members that `vote` for a class."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    combine: Combine = "mean"
    weights: tuple[float, ...] = ()  # of each member; for `weighted`


def combine_members(members: torch.Tensor, ensemble: EnsembleSpec) -> torch.Tensor:
    """Probabilities (N, C) of members' own (M, N, C).

    A vote is shared out by the members' mean, a thousandth of a vote in all, so that ties go to the surer class.
    """
    if ensemble.combine == "weighted":
        weights = members.new_tensor(ensemble.weights).view(-1, 1, 1)
        return (members * (weights / weights.sum())).sum(dim=0)
    mean = members.mean(dim=0)
    if ensemble.combine == "mean":
        return mean
    votes = one_hot(members.argmax(dim=2), members.shape[2]).to(members.dtype).mean(dim=0)
    return 0.999 * votes + 0.001 * mean


def load_ensemble(run: Path, n_members: int) -> EnsembleSpec:
    """How a run combines its members; the mean where it says nothing.

    Raises:
        InputError: when the file is broken, or has not a weight for each member.
    """
    if not (run / FILE).is_file():
        return EnsembleSpec()
    try:
        spec = EnsembleSpec.model_validate(read_json(run / FILE))
    except ValidationError as error:
        raise InputError(
            f"{run / FILE}: expected how members are combined, got {error.errors()[0]['msg']}."
        ) from error
    fitting = len(spec.weights) == n_members and min(spec.weights, default=-1) >= 0 and sum(spec.weights) > 0
    if spec.combine == "weighted" and not fitting:
        raise InputError(
            f"{run / FILE}: expected {n_members} weights of 0 or more, not all of them 0, got {list(spec.weights)}."
        )
    return spec


def save_ensemble(run: Path, spec: EnsembleSpec) -> None:
    """Write how a run combines its members."""
    write_text(run / FILE, spec.model_dump_json(indent=2, by_alias=True) + "\n")
