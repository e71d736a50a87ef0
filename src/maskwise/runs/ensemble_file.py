"""How the members of a run are combined, as a file."""

from pathlib import Path

from pydantic import ValidationError

from maskwise.errors import InputError
from maskwise.files import read_json, write_text
from maskwise.models.ensemble import EnsembleSpec


def write_ensemble_spec(path: Path, spec: EnsembleSpec) -> None:
    """Write how members are combined."""
    write_text(path, spec.model_dump_json(indent=2, by_alias=True) + "\n")


def read_ensemble_spec(path: Path, n_members: int) -> EnsembleSpec:
    """Read how members are combined; the mean where there is no file.

    Raises:
        InputError: when the file is broken, or has no weight for each member.
    """
    if not path.is_file():
        return EnsembleSpec()
    try:
        spec = EnsembleSpec.model_validate(read_json(path))
    except ValidationError as error:
        raise InputError(
            f"{path}: expected how members are combined, got {error.errors()[0]['msg']}."
        ) from error
    fitting = len(spec.weights) == n_members and min(spec.weights, default=-1) >= 0 and sum(spec.weights) > 0
    if spec.combine == "weighted" and not fitting:
        raise InputError(
            f"{path}: expected {n_members} weights of 0 or more, not all of them 0, got {list(spec.weights)}."
        )
    return spec
