"""How the predictions of a run's members are combined."""

from typing import Literal

import torch
from pydantic import Field
from torch.nn.functional import one_hot

from maskwise.strict_model import StrictModel

Combine = Literal["mean", "weighted", "vote"]


class EnsembleSpec(StrictModel):
    """`mean` of probabilities, `weighted` mean, or the share of members that `vote` for a class."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    combine: Combine = "mean"
    weights: tuple[float, ...] = ()  # of each member; for `weighted`


def combine_members(members: torch.Tensor, ensemble: EnsembleSpec) -> torch.Tensor:
    """Combine the probabilities of the members (M, N, C) into one distribution (N, C).

    A vote gets a thousandth of the members' mean added, so that ties go to the more probable class.
    """
    if ensemble.combine == "weighted":
        weights = members.new_tensor(ensemble.weights).view(-1, 1, 1)
        return (members * (weights / weights.sum())).sum(dim=0)
    mean = members.mean(dim=0)
    if ensemble.combine == "mean":
        return mean
    votes = one_hot(members.argmax(dim=2), members.shape[2]).to(members.dtype).mean(dim=0)
    return 0.999 * votes + 0.001 * mean
