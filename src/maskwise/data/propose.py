"""Propose a task for data on disk, whatever their layout."""

from pathlib import Path

from maskwise.data.readers.raw_table import PHOTO_COLUMNS, RawTable, with_path_columns
from maskwise.data.readers.read_data import read_raw
from maskwise.errors import InputError
from maskwise.tasks.nearest import nearest
from maskwise.tasks.propose import Proposal, guess_from_path, propose_task
from maskwise.tasks.propose_yaml import proposal_yaml

_FOLDER_NAMES = {"folder": "category", "subfolder": "group"}
"""What columns of folders are called as attribute and as group."""


def propose_for(
    data: Path, *, from_path: str | None = None, group: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """The text of a task file for data, and what to say about them.

    Args:
        data: a folder or a table.
        from_path: a regular expression with named groups that is searched in photos' paths.
        group: the column of the groups.

    Raises:
        InputError: when the layout is unknown, or no column can be an attribute.
    """
    raw = read_raw(data)
    photo = raw.photo_name()
    if photo is None:
        raise InputError(
            f"{raw.origin}: expected a column with the photos' paths ({', '.join(PHOTO_COLUMNS)}), got "
            f"{', '.join(raw.frame.columns) or 'none'}: rename one."
        )
    if from_path is None and set(raw.frame.columns) <= {photo, "split"}:
        from_path = guess_from_path(raw.frame[photo].drop_nulls().to_list())
    raw = with_path_columns(raw, from_path, photo)
    if group is not None and group not in raw.frame.columns:
        raise InputError(
            f"{raw.origin}: expected a column {group}, got {', '.join(raw.frame.columns)}"
            f"{nearest(group, raw.frame.columns)}."
        )
    proposal = propose_task(raw.frame, photo, group=group, from_path=from_path)
    if not proposal.attributes:
        reasons = "; ".join(f"{column}: {reason}" for column, reason in proposal.left_out)
        raise InputError(
            f"{data}: expected a column with labels, got none ({reasons or 'only photos'}). Put photos into folders "
            "named by class, write a table, or read labels from names.",
            setting="from_path",
        )
    return proposal_yaml(_with_usual_names(proposal, raw), _name_of(data), data.name), raw.notes


def _with_usual_names(proposal: Proposal, raw: RawTable) -> Proposal:
    """The proposal with names for what layouts without column names call folders."""
    from dataclasses import replace

    taken = set(raw.frame.columns)
    attributes = tuple(
        replace(a, name=_FOLDER_NAMES[a.name])
        if a.name in _FOLDER_NAMES and _FOLDER_NAMES[a.name] not in taken and a.name == "folder"
        else a
        for a in proposal.attributes
    )
    group = proposal.group
    if proposal.group_column == "subfolder" and "group" not in taken:
        group = "group"
    return replace(proposal, attributes=attributes, group=group)


def _name_of(data: Path) -> str:
    name = data.resolve().name if data.is_dir() else data.stem
    return name if name and name.isprintable() else "task"
