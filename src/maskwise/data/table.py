"""The table that every reader returns: one row per photo, its labels checked once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.errors import InputError
from maskwise.tasks.label_space import UNKNOWN, Attribute, LabelSpace
from maskwise.tasks.nearest import nearest
from maskwise.tasks.spelling import normalized_series
from maskwise.tasks.task import Task

SPLIT_VALUES = ("train", "held-out")

_SHOWN = 12
"""Values of an attribute that a message lists."""


@dataclass(frozen=True)
class UnreadLabel:
    """An invalid label: the person, and the reason with file, row and column."""

    person: str
    reason: str


@dataclass(frozen=True)
class PhotoTable:
    """One row per photo: its path, its person and its labels.

    `frame` has `photo` (path, relative to `root` where it lies below it), `person`, `id`, a column of value
    names for each categorical attribute, a number and a `<name>_band` for each numeric one, `split`,
    `source`, and every additional column of the data. Unknown labels are null. `space` has the
    boundaries of the score.
    """

    frame: pl.DataFrame
    root: Path
    space: LabelSpace
    notes: tuple[str, ...] = ()
    task: Task | None = None

    def __len__(self) -> int:
        return self.frame.height

    @property
    def photos(self) -> list[str]:
        """The photos' names, in the table's order."""
        return self.frame["photo"].to_list()

    def photo(self, row: int) -> str:
        """The name of one photo, without building the list of all."""
        return str(self.frame["photo"][int(row)])

    @property
    def paths(self) -> list[Path]:
        """The photos' paths, in the table's order."""
        return [self.root / photo for photo in self.frame["photo"]]

    @property
    def persons(self) -> npt.NDArray[np.str_]:
        """The photos' persons (N,); a photo of an unknown person counts as its own person."""
        return self.frame.select(pl.coalesce("person", "photo")).to_series().to_numpy().astype(np.str_)

    @property
    def group_columns(self) -> list[str]:
        """The additional columns, by which an evaluation can group."""
        known = {"photo", "person", "id", "split", "source", *(self.task.levels if self.task else ())}
        known.update(a.number_column for a in self.space.attributes)
        known.update(a.label_column for a in self.space.attributes)
        return [name for name in self.frame.columns if name not in known]

    def group_values(self) -> dict[str, npt.NDArray[np.str_]]:
        """The additional columns as text (N,), by name; empty where unknown."""
        return {
            name: self.frame[name].cast(pl.String).fill_null("").to_numpy().astype(np.str_)
            for name in self.group_columns
        }

    def keep(self, rows: npt.NDArray[np.bool_]) -> "PhotoTable":
        """The table with only the rows (N,) that are true."""
        return replace(self, frame=self.frame.filter(pl.Series(rows, dtype=pl.Boolean)))

    def label_indices(self, space: LabelSpace | None = None) -> npt.NDArray[np.int64]:
        """Attribute indices (N, A), -1 where unknown; `space` may move the boundaries of numbers."""
        wanted = (space or self.space).attributes
        columns = [
            _indices(self.frame, attribute, scored)
            for attribute, scored in zip(wanted, self.space.attributes, strict=True)
        ]
        return np.stack(columns, axis=1)


def _indices(frame: pl.DataFrame, attribute: Attribute, scored: Attribute) -> npt.NDArray[np.int64]:
    """Value indices (N,); a number decides its band, a band given alone keeps its place in the order."""
    places = {value: index for index, value in enumerate(scored.values)}
    named = np.array([places.get(n, UNKNOWN) for n in frame[scored.label_column]], dtype=np.int64)
    if not attribute.is_numeric:
        return named
    bands = attribute.band(frame[attribute.number_column].cast(pl.Float64).fill_null(float("nan")).to_numpy())
    return np.where(bands == UNKNOWN, named, bands)


def check_labels(
    raw: pl.DataFrame,
    space: LabelSpace,
    origin: Path,
    first_row: int = 2,
    unread: list[UnreadLabel] | None = None,
    shown: Mapping[str, str] | None = None,
    advice: str = "",
) -> pl.DataFrame:
    """The attributes' columns of `raw`, checked and typed; columns that are missing become null.

    Args:
        raw: the columns as text, as the file has them; empty is unknown.
        space: the declared labels, with the score's boundaries.
        origin: the file that messages name.
        first_row: the number of its first row of data; 2 after a header line.
        unread: receives the invalid labels, which become unknown; with None they are refused.
        shown: what messages call columns, where the file has them under other names.
        advice: a sentence after messages about unknown values.

    Raises:
        InputError: naming file, row, column and value of the first invalid label.
    """
    typed: dict[str, pl.Series] = {}
    judge = _Judge(raw, origin, first_row, unread, shown or {}, advice)
    for attribute in space.attributes:
        names = _text(raw, attribute.label_column)
        if attribute.is_numeric:
            numbers = _numbers(_text(raw, attribute.number_column), attribute, judge)
            typed[attribute.number_column] = numbers
            names = _bands(names, numbers, attribute, judge)
        else:
            names = _known(names, attribute, judge)
        typed[attribute.label_column] = names
    return pl.DataFrame(typed)


def _text(raw: pl.DataFrame, column: str, *, as_written: bool = False) -> pl.Series:
    if column not in raw.columns:
        return pl.Series(column, [None] * raw.height, dtype=pl.String)
    text = raw[column].cast(pl.String)
    # Names of photos are spelled as the disk has them.
    text = text.str.strip_chars() if as_written else normalized_series(text)
    return text.to_frame().select(pl.when(text == "").then(None).otherwise(text).alias(column)).to_series()


@dataclass(frozen=True)
class _Judge:
    """How invalid values are treated: refused, or collected and set to unknown."""

    raw: pl.DataFrame
    origin: Path
    first_row: int
    unread: list[UnreadLabel] | None
    shown: Mapping[str, str]
    advice: str

    def unless(
        self, wrong: pl.Series, text: pl.Series, expected: str, values: Sequence[str] = ()
    ) -> pl.Series:
        """The text, unknown where it is wrong; `values` may be close to what is meant.

        Raises:
            InputError: naming the first wrong value, where they are not collected.
        """
        if self.unread is None:
            named = text.alias(self.shown.get(text.name, text.name))
            _refuse(named, wrong, expected, self.origin, self.first_row, values, self.advice)
            return text
        owner = next((self.raw[name] for name in ("person", "path") if name in self.raw.columns), None)
        for row in wrong.fill_null(False).arg_true().to_list():
            column = self.shown.get(text.name, text.name)
            place = f"{self.origin}, row {row + self.first_row}, column {column}"
            reason = f"{place}: expected {expected}, got {text[row]!r}"
            self.unread.append(UnreadLabel("" if owner is None else str(owner[row] or "").strip(), reason))
        kept = pl.when(wrong.fill_null(False)).then(None).otherwise(text)
        return text.to_frame().select(kept.alias(text.name)).to_series()


def _known(names: pl.Series, attribute: Attribute, judge: _Judge) -> pl.Series:
    wrong = names.is_not_null() & ~names.is_in(list(attribute.values))
    some = attribute.values[:_SHOWN]
    listed = ", ".join(some) + (", ..." if len(attribute.values) > len(some) else "")
    return judge.unless(wrong, names, f"one of {listed}, or empty", attribute.values)


def _numbers(text: pl.Series, attribute: Attribute, judge: _Judge) -> pl.Series:
    low, high = attribute.range or (-np.inf, np.inf)
    numbers = text.cast(pl.Float64, strict=False)
    wrong = text.is_not_null() & ~(numbers.is_between(low, high).fill_null(False))
    unit = f" of {attribute.unit}" if attribute.unit else ""
    kept = judge.unless(wrong, text, f"a number{unit} from {low:g} to {high:g}, or empty")
    return kept.cast(pl.Float64, strict=False)


def _bands(names: pl.Series, numbers: pl.Series, attribute: Attribute, judge: _Judge) -> pl.Series:
    names = _known(names, attribute, judge)
    indices = attribute.band(numbers.fill_null(float("nan")).to_numpy())
    derived = pl.Series(
        names.name, [attribute.values[i] if i != UNKNOWN else None for i in indices], pl.String
    )
    contradicts = names.is_not_null() & derived.is_not_null() & (names != derived)
    names = judge.unless(contradicts, names, f"the band of the same row's {attribute.name}")
    return derived.to_frame().select(pl.coalesce(derived, names).alias(names.name)).to_series()


def _refuse(
    text: pl.Series,
    wrong: pl.Series,
    expected: str,
    origin: Path,
    first_row: int,
    values: Sequence[str] = (),
    advice: str = "",
) -> None:
    rows = wrong.fill_null(False).arg_true()
    if rows.is_empty():
        return
    more = f" ({len(rows) - 1} more such rows)" if len(rows) > 1 else ""
    raise InputError(
        f"{origin}, row {rows[0] + first_row}, column {text.name}: expected {expected}, "
        f"got {text[int(rows[0])]!r}{nearest(text[int(rows[0])] or '', values)}{more}.{advice}"
    )


def require_columns(raw: pl.DataFrame, needed: tuple[str, ...], origin: Path) -> None:
    """Check that a file has its columns.

    Raises:
        InputError: naming the file, the missing columns and those it has.
    """
    if missing := [name for name in needed if name not in raw.columns]:
        raise InputError(
            f"{origin}: expected columns {', '.join(needed)}; missing {', '.join(missing)}, "
            f"got {', '.join(raw.columns) or 'none'}."
        )


def require_rows(table: PhotoTable, origin: Path) -> PhotoTable:
    """The table, with at least one row.

    Raises:
        InputError: naming the file, when it has none.
    """
    if not len(table):
        raise InputError(f"{origin}: expected at least one row, got none.")
    return table


def require_values(raw: pl.DataFrame, column: str, origin: Path, first_row: int = 2) -> pl.Series:
    """A text column without its surrounding spaces, every row filled.

    Raises:
        InputError: naming file and row of the first empty one.
    """
    text = _text(raw, column, as_written=True)
    _refuse(text, text.is_null(), "a value", origin, first_row)
    return text
