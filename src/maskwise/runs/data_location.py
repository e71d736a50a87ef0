"""Where the data of a run lie."""

from pathlib import Path

from maskwise.errors import InputError
from maskwise.files import read_json


def data_of(run: Path, named: Path | None = None) -> Path:
    """The data that a run was trained on.

    Args:
        run: a run folder.
        named: where they are, if not any more where it was trained.

    Raises:
        InputError: when there is nothing.
    """
    place = named or Path(str(read_json(run / "lineage.json").get("data", {}).get("path", "")))
    if str(place) == "." or not place.exists():
        raise InputError(f"Expected the data of {run} at {place}: name them with --data.")
    return place
