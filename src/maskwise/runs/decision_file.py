"""The decision that was fitted on a run's out-of-fold predictions, as a file."""

from pathlib import Path

from pydantic import ValidationError

from maskwise.errors import InputError
from maskwise.files import read_json, write_text
from maskwise.models.tuned_decision import TunedDecision


def write_decision(path: Path, decision: TunedDecision) -> None:
    """Write a fitted decision."""
    write_text(path, decision.model_dump_json(indent=2, by_alias=True) + "\n")


def read_decision(path: Path) -> TunedDecision:
    """Read a fitted decision.

    Raises:
        InputError: when there is none, or it is broken.
    """
    if not path.is_file():
        raise InputError(
            f"Expected {path.parent} to have a fitted decision ({path.name}), got none: train it with folds, which "
            "fits one."
        )
    try:
        return TunedDecision.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: expected a fitted decision, got {where}: {first['msg']}.") from error
