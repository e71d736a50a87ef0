"""Read the description of a data set of procedural people from values and a YAML file."""

import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from maskwise.errors import InputError
from maskwise.people.people_spec import FAULTS, PeopleSpec

_OWN_SETTINGS = ("people", "seed", "photos", "preset", "noise", "eval_share")


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
    """A checked description.

    Args:
        file: YAML whose values replace those below; None where there is no file.
        people: the number of persons.
        seed: of everything that is drawn.
        photos: the number of photos per person.
        size: width x height in pixels, such as `384x512`.
        preset: of genders and ages.
        noise: the rate of each kind of fault.
        eval_share: the share of persons on the evaluation side.

    Raises:
        InputError: with the key, what was expected and what was found.
    """
    sides = re.fullmatch(r"(\d+)x(\d+)", size)
    if sides is None:
        raise InputError(
            f"Expected the size to be WIDTHxHEIGHT such as 384x512, got {size!r}.", setting="size"
        )
    content: dict[str, object] = {
        "people": people,
        "seed": seed,
        "photos": photos,
        "width": int(sides[1]),
        "height": int(sides[2]),
        "preset": preset,
        "noise": dict.fromkeys(FAULTS, noise),
        "eval_share": eval_share,
    }
    if file is not None:
        content |= _read(file)
    try:
        return PeopleSpec.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        message = f"{key}: {first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}."
        if file is not None:
            raise InputError(f"{file}: {message}") from error
        raise InputError(f"The description of people: {message}", setting=_setting_of(key)) from error


def _read(file: Path) -> dict[str, object]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"Expected {file} to exist, but it does not.") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"Expected {file} to be YAML, got: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise InputError(f"{file}: expected keys and values, got {type(content).__name__}.")
    return content


def _setting_of(key: str) -> str | None:
    first = key.partition(".")[0]
    if first in ("width", "height"):
        return "size"
    return first if first in _OWN_SETTINGS else None
