"""How the members of a run speak with one voice."""

from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.nn.functional import one_hot

Combine = Literal["mean", "weighted", "vote"]


class EnsembleSpec(BaseModel):
    """`mean` of probabilities, `weighted` mean, or the share of members that `vote` for a class."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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
