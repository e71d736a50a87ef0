"""A description of people from the command line and a YAML."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from maskwise.errors import InputError
from maskwise.people.population import FAULTS, PeopleSpec


def read_people_spec(
    file: Path | None,
    *,
    people: int,
    seed: int,
    photos: int,
    size: str,
    preset: str,
    noise: float,
    eval_share: float,
) -> PeopleSpec:
    """Check a description; what the YAML says goes before the command line's values.

    Raises:
        InputError: naming the key and what was expected.
    """
    sides = re.fullmatch(r"(\d+)x(\d+)", size)
    if sides is None:
        raise InputError(f"Expected --size to be WIDTHxHEIGHT such as 384x512, got {size!r}.")
    content: dict[str, Any] = {
        "people": people,
        "seed": seed,
        "photos": photos,
        "width": int(sides[1]),
        "height": int(sides[2]),
        "preset": preset,
        "noise": dict.fromkeys(FAULTS, noise),
        "eval_share": eval_share,
    }
    origin = "--people, --size and others"
    if file is not None:
        origin = str(file)
        try:
            own = yaml.safe_load(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"Expected {file} to exist, but it does not.") from error
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"Expected {file} to be YAML, got: {' '.join(str(error).split())}.") from error
        if not isinstance(own, dict):
            raise InputError(f"{file}: expected keys and values, got {type(own).__name__}.")
        content |= own
    try:
        return PeopleSpec.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{origin}: {key}: {first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}."
        ) from error
