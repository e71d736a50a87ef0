"""Propose a task for a table that nobody has described: guesses from its columns, each with its reason.

Pure functions on a table of text. What is a guess says so; `tasks.propose_yaml` writes it down.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from maskwise.tasks.label_space import is_reserved
from maskwise.tasks.propose_attribute import ProposedAttribute, propose_attribute
from maskwise.tasks.propose_group import find_group
from maskwise.tasks.task import Score

MOST_COMBINATIONS = 64
"""With more combinations of values than this the proposed score is the mean over the attributes."""


@dataclass(frozen=True)
class Proposal:
    """A task as guessed from a table, with the reasons."""

    photo_column: str
    group: str | None
    group_column: str | None
    group_reason: str
    attributes: tuple[ProposedAttribute, ...]
    left_out: tuple[tuple[str, str], ...]
    """Columns that are neither group nor attribute, each with the reason."""
    from_path: str | None = None

    @property
    def score(self) -> Score:
        """Joint where the attributes have few combinations, so that each can have photos; else the mean."""
        sizes = [len(a.boundaries) + 1 if a.boundaries else len(a.values) for a in self.attributes]
        return "joint" if math.prod(sizes) <= MOST_COMBINATIONS else "mean"


def propose_task(
    frame: pl.DataFrame, photo_column: str, *, group: str | None = None, from_path: str | None = None
) -> Proposal:
    """Guess the task of a table.

    Args:
        frame: columns as text (N rows); lists are left out.
        photo_column: the column of the photos' paths.
        group: the column of the groups, where it is known.
        from_path: the expression that read columns from the paths, to be written down.
    """
    columns = {
        name: _cells(frame[name])
        for name, dtype in frame.schema.items()
        if name != photo_column and dtype == pl.String
    }
    left_out = [(n, "lists, see several: true") for n, d in frame.schema.items() if d.is_nested()]
    group_column, reason = (group, "as asked for") if group else find_group(columns)
    groups = columns[group_column] if group_column else None
    attributes: list[ProposedAttribute] = []
    for name, cells in columns.items():
        if name == group_column:
            continue
        found = propose_attribute(name, cells, groups)
        if isinstance(found, ProposedAttribute):
            attributes.append(found)
        else:
            left_out.append((name, found))
    called = None if group_column is None else _level_name(group_column, [a.name for a in attributes])
    return Proposal(photo_column, called, group_column, reason, tuple(attributes), tuple(left_out), from_path)


def _cells(series: pl.Series) -> pl.Series:
    text = series.str.normalize("NFC").str.strip_chars()
    return text.replace("", None)


def _level_name(column: str, attributes: Sequence[str]) -> str:
    """What a group is called: `patient` for a column `patient_id`."""
    short = re.sub(r"[_ -]?(id|ID|Id|number|no|nr|name)$", "", column) or column
    name = short if short not in attributes else column
    return "group" if is_reserved(name) and name != "person" else name


def guess_from_path(paths: Sequence[str]) -> str | None:
    """An expression for names that are made of equally many parts, such as `25_0_2_20170116.jpg`; else None.

    Parts are separated by `_` or `-`. Each becomes a column `name_1`, `name_2`, ...
    """
    stems = [re.split(r"[.]", path.rsplit("/", 1)[-1], maxsplit=1)[0] for path in paths]
    for separator in ("_", "-"):
        n_parts = [stem.count(separator) + 1 for stem in stems]
        usual = max(set(n_parts), key=n_parts.count, default=1)
        if usual < 2 or usual > 8 or n_parts.count(usual) < 0.95 * len(stems):
            continue
        parts = [rf"(?P<name_{k}>[^/{separator}.]+)" for k in range(1, usual + 1)]
        return "(?:^|/)" + separator.join(parts) + r"[^/]*$"
    return None
