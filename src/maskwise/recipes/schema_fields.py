"""Which keys a pydantic model knows at a dotted place, through unions and lists."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel


def fields_at(model: type[BaseModel], where: Sequence[str]) -> set[str]:
    """The keys that a model knows at a place; tags of unions and indices of lists are skipped."""
    models = [model]
    for part in where:
        inner = [m for current in models for m in _models_in(current, part)]
        # A part that is no field is an index of a list or the tag of a union: the latter picks one model.
        models = inner or [m for m in models if part in _tags(m)] or models
    return {name for m in models for name in m.model_fields}


def _models_in(model: type[BaseModel], field: str) -> list[type[BaseModel]]:
    return list(_unfold(model.model_fields[field].annotation)) if field in model.model_fields else []


def _unfold(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - an annotation may be anything
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _unfold(argument)


def _tags(model: type[BaseModel]) -> set[str]:
    tags = (model.model_fields[name].default for name in ("kind", "step") if name in model.model_fields)
    return {str(tag) for tag in tags}
