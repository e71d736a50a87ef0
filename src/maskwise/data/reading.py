"""Open DATA, whatever its layout: the one place that chooses a reader."""

from pathlib import Path

from maskwise.data import competition, tabular
from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.errors import InputError
from maskwise.labels.space import LabelSpace, builtin_label_space


def read_data(
    data: Path, space: LabelSpace | None = None, unread: list[UnreadLabel] | None = None
) -> PhotoTable:
    """Read labelled data, or an evaluation set without labels, from a folder or a table.

    Args:
        data: where they are.
        space: the declared labels; the built-in ones by default.
        unread: is given the labels that can't be meant, which become unknown; None refuses them.

    Raises:
        InputError: when `data` is no known layout, or something in it is wrong.
    """
    space = space or builtin_label_space()
    if data.is_dir():
        labelled = competition.labelled_folder(data)
        if labelled is not None:
            return _not_empty(
                competition.read_labelled(labelled, space, unread), labelled / competition.LABEL_FILE
            )
        parts = competition.eval_folders(data)
        if len(parts) > 1:
            raise InputError(
                f"{data}: expected one {competition.EVAL_FILE}, got {len(parts)} "
                f"({', '.join(parts)}): name one of the folders."
            )
        for folder in parts.values():
            return _not_empty(competition.read_eval(folder, space), folder / competition.EVAL_FILE)
        raise InputError(
            f"{data}: expected {competition.LABEL_FILE} beside images/ (labelled photos), or "
            f"{competition.EVAL_FILE} beside images/ (photos to predict), got neither."
        )
    if not data.exists():
        raise InputError(f"Expected {data} to be a folder or a table, but it does not exist.")
    if data.suffix.lower() not in tabular.TABLE_SUFFIXES:
        raise InputError(f"{data}: expected a folder, or a table ending in .csv or .parquet.")
    return _not_empty(tabular.read_table(data, space, unread), data)


def _not_empty(table: PhotoTable, origin: Path) -> PhotoTable:
    if not len(table):
        raise InputError(f"{origin}: expected at least one row, got none.")
    return table
