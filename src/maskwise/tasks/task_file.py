"""Read a task from its file or from stored data, with one line for what is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from maskwise.errors import InputError
from maskwise.tasks.nearest import nearest
from maskwise.tasks.schema import AttributeSchema, LevelSchema, TaskSchema
from maskwise.tasks.task import Task, create_task
from maskwise.tasks.yaml_source import Place, YamlSource, parse_yaml_source, read_yaml_source

TASK_FILE = "task.yaml"
_KEYS_OF_GROUP = "group: patient, a list such as [site, patient], or {each: photo}"


def read_task_file(path: Path) -> Task:
    """Read a task file.

    Raises:
        InputError: naming file, line and key of what is wrong, and the nearest key for a mistyped one.
    """
    return _task_of(read_yaml_source(path), str(path), path)


def parse_task(text: str, origin: str = TASK_FILE) -> Task:
    """Read a task from YAML text; `origin` is what messages call it.

    Raises:
        InputError: as `read_task_file`.
    """
    return _task_of(parse_yaml_source(text, origin), origin, None)


def task_from_dict(content: Mapping[str, Any], origin: str = "task") -> Task:
    """Read a task from plain data, such as a run has stored.

    Raises:
        InputError: naming the key of what is wrong.
    """
    return _task_of(YamlSource(dict(content), {}), origin, None)


def _task_of(source: YamlSource, origin: str, path: Path | None) -> Task:
    if not isinstance(source.content, dict):
        raise InputError(f"{origin}: expected a task with keys {', '.join(_keys(TaskSchema))}, got none.")
    try:
        declaration = TaskSchema.model_validate(source.content)
    except ValidationError as error:
        raise InputError(_one_line(error, source, origin)) from error
    try:
        return create_task(declaration, path)
    except InputError as error:
        raise InputError(f"{origin}: {error}") from error


def _one_line(error: ValidationError, source: YamlSource, origin: str) -> str:
    # A mistyped key explains the missing one that comes with it.
    found = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    first = found[0]
    place: Place = tuple(part for part in first["loc"] if not str(part).endswith(("[...]", "]")))
    line = source.line(place)
    where = origin + (f", line {line}" if line is not None else "")
    named = _dotted(place)
    if first["type"] == "extra_forbidden":
        known = _keys(_model_at(place))
        key = str(place[-1])
        inside = f" in {_dotted(place[:-1])}" if len(place) > 1 else ""
        return (
            f"{where}: expected one of the keys {', '.join(known)}{inside}, got {key}{nearest(key, known)}."
        )
    if first["type"] == "missing":
        example = f"; for example {_KEYS_OF_GROUP}" if place == ("group",) else ""
        return f"{where}: expected the key {named}, got none{example}."
    reason = {
        "literal_error": f"expected {first.get('ctx', {}).get('expected', '')}, got {first['input']}",
        "too_long": "expected fewer entries, got more",
    }.get(first["type"], str(first["msg"]).removeprefix("Value error, "))
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return f"{where}, {named or 'task'}: {reason}{more}."


def _model_at(place: Place) -> type[TaskSchema] | type[AttributeSchema] | type[LevelSchema]:
    if place[0] == "attributes":
        return AttributeSchema
    return LevelSchema if place[0] == "group" else TaskSchema


def _keys(model: type[TaskSchema] | type[AttributeSchema] | type[LevelSchema]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _dotted(place: Place) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
