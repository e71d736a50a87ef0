"""The schema of `task.yaml`: which keys there are, and what each may hold."""

import math
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from maskwise.tasks.label_space import PHOTO
from maskwise.tasks.spelling import normalized
from maskwise.tasks.yaml_source import Scalar, is_plain_whole, trap


def _text(value: object) -> str:
    if isinstance(value, Scalar):
        if not is_plain_whole(value):
            raise ValueError(f"expected text, got {trap(value)}")
        return value.source
    if isinstance(value, str):
        return normalized(value)
    if type(value) is int:
        return str(value)
    raise ValueError(f"expected text, got {_kind(value)}")


def _name(value: object) -> str:
    text = _text(value)
    if not text or any(unicodedata.category(character).startswith("C") for character in text):
        raise ValueError(f"expected a name without control characters, got {text!r}")
    return text


def _number(value: object) -> float:
    parsed = value.parsed if isinstance(value, Scalar) else value
    if isinstance(parsed, bool) or not isinstance(parsed, (int, float)) or not math.isfinite(parsed):
        raise ValueError(f"expected a number, got {_kind(value)}")
    return float(parsed)


def _flag(value: object) -> bool:
    parsed = value.parsed if isinstance(value, Scalar) else value
    if not isinstance(parsed, bool):
        raise ValueError(f"expected true or false, got {_kind(value)}")
    return parsed


def _alias(value: object) -> str | None:
    if value is None or (isinstance(value, Scalar) and value.parsed is None):
        return None
    if isinstance(value, Scalar) and type(value.parsed) in (int, float) and value.source == str(value.parsed):
        return value.source  # a number for a text such as "early 40s"
    return f"{value:g}" if isinstance(value, float) else _text(value)


def _kind(value: object) -> str:
    if isinstance(value, Scalar):
        return value.source or "nothing"
    if value is None:
        return "nothing"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a mapping" if isinstance(value, dict) else repr(value)


def _listed(value: object) -> object:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"expected a list, got {_kind(value)}")
    return value


def _mapped(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"expected a mapping, got {_kind(value)}")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]
Number = Annotated[float, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Alias = Annotated[str | None, BeforeValidator(_alias)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LevelSchema(_Keys):
    """A level of groups: what photos belong to."""

    name: Name
    restarts: Flag = False
    """Whether ids are numbered anew in each outer group, so that the same id is another one there."""


def _levels(value: object) -> object:
    """A level's name, a list of levels from the outermost on, or `{each: photo}` for none."""
    if isinstance(value, dict) and set(value) == {"each"}:
        if _text(value["each"]) != PHOTO:
            raise ValueError(f"expected each: photo, got each: {_kind(value['each'])}")
        return ()
    entries = list(value) if isinstance(value, (list, tuple)) else [value]
    if not entries and not isinstance(value, tuple):
        raise ValueError(
            "expected a group, got an empty list; {each: photo} says that each photo stands for itself"
        )
    return tuple(
        entry if isinstance(entry, (dict, LevelSchema)) else {"name": _name(entry)} for entry in entries
    )


class AttributeSchema(_Keys):
    """A labelled property, as declared."""

    name: Name
    values: Texts = ()
    boundaries: Annotated[tuple[Number, ...], BeforeValidator(_listed)] = ()
    range: Annotated[tuple[Number, Number], BeforeValidator(_listed)] | None = None
    unit: Text = ""
    fractions: Flag | None = None
    """Whether numbers are not all whole; decided by the data where it is not declared."""
    aliases: Annotated[dict[str, Alias], BeforeValidator(_mapped)] = Field(default_factory=dict)
    unknown: Texts = ("",)
    per: Name = PHOTO
    several: Flag = False
    separator: Annotated[str, BeforeValidator(lambda value: _text(value) or str(value))] = "|"


class TaskSchema(_Keys):
    """A task, as declared."""

    schema_version: Annotated[Literal[1], BeforeValidator(lambda value: getattr(value, "parsed", value))] = (
        Field(alias="schema")
    )
    name: Name
    group: Annotated[tuple[LevelSchema, ...], BeforeValidator(_levels)]
    columns: Annotated[dict[str, Name], BeforeValidator(_mapped)] = Field(default_factory=dict)
    from_path: Text | None = None
    """A regular expression with named groups, searched in each photo's path: its groups become columns."""
    attributes: Annotated[tuple[AttributeSchema, ...], BeforeValidator(_listed)]
    faces: Flag = False
    """Whether the photos show faces: then `auto` means a face-trained backbone on photos cut to the face."""
    score: Annotated[Literal["joint", "mean"], BeforeValidator(_text)] = "mean"
    notices: Texts = ()

    def plain(self) -> dict[str, Any]:
        """The declaration as plain data, for JSON or YAML, without what is left at its default."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        content["group"] = [_level_as_declared(level) for level in self.group] or {"each": PHOTO}
        if len(self.group) == 1:
            content["group"] = content["group"][0]
        return content


def _level_as_declared(level: LevelSchema) -> str | dict[str, Any]:
    return {"name": level.name, "restarts": True} if level.restarts else level.name
