"""A task: the declared labels, the groups that photos belong to, how the data call them, how the score is made."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from maskwise.errors import InputError
from maskwise.tasks.label_space import PHOTO, RESERVED, Attribute, LabelSpace
from maskwise.tasks.nearest import nearest
from maskwise.tasks.schema import AttributeSchema, TaskSchema

Score = Literal["joint", "mean"]

MAX_JOINT_CLASSES = 1000
"""A joint score needs every class of the product; above this nothing of its size is built."""

NO, YES = "no", "yes"
"""The values of an attribute that says whether one of several values is there."""


@dataclass(frozen=True)
class LabelText:
    """How an attribute's labels are written in the data."""

    column: str
    aliases: Mapping[str, str | None] = field(default_factory=dict)
    unknown: tuple[str, ...] = ("",)
    member: str | None = None
    """For one of several values in a cell: the value that this attribute says yes or no about."""
    members: frozenset[str] = frozenset()
    """All the values that such a cell may hold."""
    separator: str = "|"


@dataclass(frozen=True)
class Task:
    """What is to be learnt from which photos; built from a checked declaration by `create_task`."""

    declaration: TaskSchema
    space: LabelSpace
    texts: Mapping[str, LabelText]
    origin: Path | None = None
    """The file that declares it, for messages; None for a registered task."""

    @property
    def name(self) -> str:
        """The task's name."""
        return self.declaration.name

    @property
    def score(self) -> Score:
        """`joint`: macro F1 over the product of the attributes; `mean`: mean of the attributes' macro F1."""
        return self.declaration.score

    @property
    def notices(self) -> tuple[str, ...]:
        """What reports and the model card say about limits of use."""
        return self.declaration.notices

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The names of the groups that photos belong to, outermost first; none where each photo stands for itself."""
        return tuple(level.name for level in self.declaration.group)

    @cached_property
    def restarting(self) -> frozenset[str]:
        """The levels whose ids are numbered anew in each outer group."""
        return frozenset(level.name for level in self.declaration.group if level.restarts)

    @property
    def group(self) -> str:
        """What one group is called: the outermost level, or `photo`."""
        return self.levels[0] if self.levels else PHOTO

    def column(self, role: str) -> str | None:
        """What the data call a role (`photo`, `id`, `split`, a level or an attribute), where the task declares it."""
        return self.declaration.columns.get(role)

    def with_fractions(self, fractions: Mapping[str, bool]) -> "Task":
        """The task with what the data have shown: whether numeric attributes hold fractions, by name.

        Declared attributes keep what they declare.
        """
        attributes = tuple(
            a.model_copy(update={"fractions": fractions[a.name]})
            if a.boundaries and a.fractions is None and a.name in fractions
            else a
            for a in self.declaration.attributes
        )
        return create_task(self.declaration.model_copy(update={"attributes": attributes}), self.origin)

    def with_space(self, space: LabelSpace) -> "Task":
        """The task over another label space of the same attributes, such as one with other boundaries."""
        return replace(self, space=space)

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain data, for JSON or YAML."""
        return self.declaration.plain()


def create_task(declaration: TaskSchema, origin: Path | None = None) -> Task:
    """Build a task from its declaration.

    Args:
        declaration: keys and types are checked already.
        origin: the file it stands in.

    Raises:
        InputError: naming the key of what contradicts itself.
    """
    levels = [level.name for level in declaration.group]
    taken = RESERVED - {"person"}
    if len(set(levels)) != len(levels) or taken & set(levels):
        raise InputError(
            f"group: expected distinct levels, none called {', '.join(sorted(taken))}, got {', '.join(levels)}."
        )
    attributes: list[Attribute] = []
    texts: dict[str, LabelText] = {}
    for place, entry in enumerate(declaration.attributes):
        key = f"attributes[{place}]"
        _check_entry(entry, key, levels)
        column = declaration.columns.get(entry.name, entry.name)
        try:
            for attribute, member in _attributes_of(entry):
                if attribute.name in texts:
                    raise InputError(f"Expected attributes of distinct names, got {attribute.name} again.")
                attributes.append(attribute)
                texts[attribute.name] = LabelText(
                    column, entry.aliases, _unknown(entry), member, frozenset(entry.values), entry.separator
                )
            _check_aliases(entry)
        except InputError as error:
            raise InputError(f"{key}: {error}") from error
    if not attributes:
        raise InputError("attributes: expected at least one, got none.")
    _check_columns(declaration, levels, attributes)
    _check_pattern(declaration.from_path)
    space = LabelSpace(declaration.name, tuple(attributes), declaration.faces)
    if declaration.score == "joint" and space.n_classes > MAX_JOINT_CLASSES:
        raise InputError(
            f"score: expected mean for attributes that span {space.n_classes:,} classes "
            f"(joint: {MAX_JOINT_CLASSES} at most), got joint."
        )
    return Task(declaration, space, texts, origin)


def task_of_space(space: LabelSpace) -> Task:
    """A task for labels that are declared without one, as runs stored them before there were tasks."""
    levels = list(dict.fromkeys(a.per for a in space.attributes if a.constant)) or ["person"]
    declared = {
        "schema": 1,
        "name": space.name,
        "group": levels,
        "attributes": [
            {key: value for key, value in entry.items() if key != "values" or "boundaries" not in entry}
            for entry in space.to_dict()["attributes"]
        ],
        "score": "joint" if space.n_classes <= MAX_JOINT_CLASSES else "mean",
    }
    return create_task(TaskSchema.model_validate(declared)).with_space(space)


def _unknown(entry: AttributeSchema) -> tuple[str, ...]:
    return tuple(dict.fromkeys(("", *entry.unknown)))


def _check_entry(entry: AttributeSchema, key: str, levels: Sequence[str]) -> None:
    if entry.per != PHOTO and entry.per not in levels:
        close = nearest(entry.per, [PHOTO, *levels])
        raise InputError(f"{key}.per: expected {' or '.join([PHOTO, *levels])}, got {entry.per}{close}.")
    if entry.name in levels:
        raise InputError(f"{key}.name: expected another name than a group's, got {entry.name}.")
    if not entry.values and not entry.boundaries:
        raise InputError(f"{key}: expected {entry.name} to have values or boundaries, got neither.")
    if entry.several and entry.boundaries:
        raise InputError(f"{key}.several: expected it with values, got {entry.name} with boundaries.")
    if entry.values and entry.boundaries:
        raise InputError(f"{key}: expected {entry.name} to have values or boundaries, got both.")
    if entry.values and (entry.range or entry.fractions is not None):
        raise InputError(f"{key}: expected range and fractions with boundaries, got them with values.")
    if both := sorted(set(entry.values) & set(_unknown(entry))):
        raise InputError(f"{key}: expected {both[0]!r} among the values or as unknown, got it as both.")


def _attributes_of(entry: AttributeSchema) -> list[tuple[Attribute, str | None]]:
    """The attributes that an entry declares, with the value each is about where there are several."""
    if entry.several:
        if len(set(entry.values)) != len(entry.values):
            raise InputError(f"Expected distinct values, got {', '.join(entry.values)}.")
        return [(Attribute(f"{entry.name}_{v}", entry.per, (NO, YES)), v) for v in entry.values]
    attribute = Attribute(
        entry.name,
        entry.per,
        entry.values,
        entry.boundaries,
        entry.range,
        entry.unit,
        bool(entry.fractions),
    )
    return [(attribute, None)]


def _check_aliases(entry: AttributeSchema) -> None:
    for text, meant in entry.aliases.items():
        if meant is None or meant in entry.values:
            continue
        if entry.boundaries and _is_number(meant):
            low, high = entry.range or (float("-inf"), float("inf"))
            if low <= float(meant) <= high:
                continue
            raise InputError(f"Expected aliases[{text!r}] to be from {low:g} to {high:g}, got {meant}.")
        wanted = "a number or null" if entry.boundaries else f"one of {', '.join(entry.values)}, or null"
        raise InputError(
            f"Expected aliases[{text!r}] to be {wanted}, got {meant!r}{nearest(meant, entry.values)}."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_columns(declaration: TaskSchema, levels: Sequence[str], attributes: Sequence[Attribute]) -> None:
    roles = [PHOTO, "id", "split", *levels, *(entry.name for entry in declaration.attributes)]
    for role in declaration.columns:
        if role not in roles:
            raise InputError(
                f"columns: expected one of {', '.join(roles)}, got {role}{nearest(role, roles)}."
            )
    seen: dict[str, str] = {}
    for attribute in attributes:
        columns = {attribute.label_column, *([attribute.number_column] if attribute.is_numeric else [])}
        for column in columns:
            if column in seen or column in levels:
                raise InputError(
                    f"attributes: expected columns of distinct names, but {attribute.name} and "
                    f"{seen.get(column, column)} both need {column}: rename one."
                )
            seen[column] = attribute.name


def _check_pattern(pattern: str | None) -> None:
    if pattern is None:
        return
    import polars as pl

    try:
        pl.Series(["x"]).str.extract_groups(pattern)
    except pl.exceptions.PolarsError as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"from_path: expected a regular expression, got {pattern!r}: {reason}.") from error
    if not re.search(r"\(\?P?<[^=!]", pattern):
        raise InputError(
            f"from_path: expected named groups such as (?P<patient>[0-9]+), got {pattern!r} without any."
        )
