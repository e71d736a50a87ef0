"""Review of an audit's proposals, one finding at a time; every decision is on disk before the next one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from maskwise.audit.audit_files import (
    CORRECTIONS_FILE,
    FINDINGS_FILE,
    AuditManifest,
    RecordedFinding,
    read_findings,
)
from maskwise.audit.corrections_file import CorrectionsFile, Row
from maskwise.audit.findings import format_number
from maskwise.audit.review_view import (
    NUMBER,
    Choices,
    FindingSummary,
    ReviewOverview,
    ShownFinding,
    ShownPhoto,
    ShownRow,
)
from maskwise.data.corrections import EXCLUDE, FIRST_ROW, PERSON
from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable, check_labels
from maskwise.errors import InputError

Decision = Literal["yes", "no", ""]


class AuditedDataError(InputError):
    """The audited data are not where the audit found them: their place has to be given."""


@dataclass(frozen=True)
class _Undo:
    """The rows of a finding before a decision."""

    place: int
    rows: list[Row]


class Review:
    """The proposals of an audit, the decisions about them, and the photos that they are about."""

    def __init__(self, folder: Path, table: PhotoTable) -> None:
        self._table = table
        self._corrections = CorrectionsFile(folder / CORRECTIONS_FILE)
        self._order = list(self._corrections.rows_of_finding)
        self._recorded = read_findings(folder / FINDINGS_FILE)
        elsewhere = dict.fromkeys(path for found in self._recorded.values() for path in found.elsewhere)
        self._elsewhere = {path: len(table) + place for place, path in enumerate(elsewhere)}
        self.paths = [*table.paths, *map(Path, elsewhere)]  # by the numbers of `ShownPhoto.row`
        self._photos = table.photos
        self._row_of_photo = {photo: row for row, photo in enumerate(self._photos)}
        self._persons = table.persons
        self._rows_of_person: dict[str, list[int]] = {}
        for row, person in enumerate(self._persons.tolist()):
            self._rows_of_person.setdefault(person, []).append(row)
        if not any(
            row["person"] in self._rows_of_person or row["photo"] in self._row_of_photo
            for row in self._corrections.rows
        ):
            raise AuditedDataError(
                f"Expected {table.root} to be the data that {folder} is an audit of, got none of its persons and "
                "photos: give the audited data.",
                setting="data",
            )
        self._undo: list[_Undo] = []

    def __len__(self) -> int:
        return len(self._order)

    def overview(self) -> ReviewOverview:
        """All findings in short."""
        summaries = []
        for name, numbers in self._corrections.rows_of_finding.items():
            first = self._corrections.rows[numbers[0]]
            found = self._recorded.get(name)
            summaries.append(FindingSummary(name, *_kind(found, first), first["accept"]))
        return ReviewOverview(self._table.root.name, summaries, can_undo=bool(self._undo))

    def finding(self, place: int) -> ShownFinding:
        """One finding: its rows, the other values that could be chosen, and the photos to look at.

        Raises:
            InputError: when there is no such finding.
        """
        name = self._name(place)
        rows = self._corrections.of_finding(name)
        found = self._recorded.get(name)
        affected = {row["photo"] for row in rows}
        kind, probability = _kind(found, rows[0])
        photos = [self._photo(row, affected) for row in self._rows_to_show(rows, found)]
        if found:
            photos += [self._other_photo(path) for path in found.elsewhere]
        return ShownFinding(
            place=place,
            finding=name,
            kind=kind,
            probability=probability,
            person=rows[0]["person"],
            reason=rows[0]["reason"],
            rows=[
                ShownRow(*(row[key] for key in ("photo", "field", "old", "new", "accept"))) for row in rows
            ],
            choices=self._choices(rows),
            photos=photos,
        )

    def _rows_to_show(self, rows: Sequence[Row], found: RecordedFinding | None) -> list[int]:
        """All photos of the persons that a finding is about, each once."""
        shown: list[int] = []
        persons = [person for row in rows for person in _persons_of(row)]
        for person in dict.fromkeys(persons):
            shown += self._rows_of_person.get(person, [])
        for photo in (*sorted({row["photo"] for row in rows}), *(found.photos if found else ())):
            if photo in self._row_of_photo:
                row = self._row_of_photo[photo]
                shown += [row, *self._rows_of_person.get(str(self._persons[row]), [])]
        return list(dict.fromkeys(shown))

    def _choices(self, rows: Sequence[Row]) -> Choices:
        if len(rows) > 1 or rows[0]["field"] in (EXCLUDE, PERSON):
            return None
        for attribute in self._table.space.attributes:
            if rows[0]["field"] == attribute.name and attribute.is_numeric:
                return NUMBER
            if rows[0]["field"] in (attribute.name, attribute.label_column):
                return list(attribute.values)
        return None

    def _other_photo(self, path: str) -> ShownPhoto:
        """A photo of other data: there is nothing to decide about it."""
        return ShownPhoto(
            row=self._elsewhere[path], name=Path(path).name, person="other data", labels=[], affected=False
        )

    def _photo(self, row: int, affected: set[str]) -> ShownPhoto:
        frame, space = self._table.frame, self._table.space
        labels = []
        for attribute in space.attributes:
            number = frame[attribute.name][row] if attribute.is_numeric else None
            value = frame[attribute.label_column][row] if number is None else format_number(number)
            labels.append(f"{attribute.name} {value or 'unknown'}")
        photo = self._photos[row]
        return ShownPhoto(
            row=row,
            name=photo.split("/")[-1],
            person=str(frame["person"][row] or ""),
            labels=labels,
            affected=photo in affected or "" in affected,
        )

    def decide(self, place: int, accept: Decision, new: str | None = None) -> None:
        """Accept or reject a finding, or take a decision back; with `new`, accept another value than the proposed.

        Rejecting or taking back restores the value that the audit proposed.

        Raises:
            InputError: when there is no such finding, or the value is not allowed.
            ChangedError: when the file was changed by another program.
        """
        name = self._name(place)
        before = self._corrections.of_finding(name)
        if new is not None:
            self._check_other_value(name, new)
            accept = "yes"
        elif accept != "yes" and len(before) == 1:  # undo the choice of another value
            found = self._recorded.get(name)
            new = found.new if found else None
        changed = [row | {"accept": accept} | ({"new": new.strip()} if new else {}) for row in before]
        self._corrections.replace(name, changed)
        self._undo.append(_Undo(place, before))

    def _check_other_value(self, name: str, new: str) -> None:
        """Refuse a value that is not allowed, or that is the label already."""
        rows = self._corrections.of_finding(name)
        if self._choices(rows) is None:
            raise InputError("Expected a finding of one label for another value, got one of several rows.")
        field, old = rows[0]["field"], rows[0]["old"]
        if not new.strip():
            raise InputError(f"Expected another {field}, got nothing.")
        file_row = self._corrections.rows_of_finding[name][0] + FIRST_ROW
        try:
            typed, before = (
                check_labels(
                    pl.DataFrame({field: [value]}), self._table.space, self._corrections.path, file_row
                )[field][0]
                for value in (new, old)
            )
        except InputError as error:
            raise InputError(f"Expected another {field}, got {new!r}: {error}") from error
        if typed == before:
            raise InputError(
                f"Expected another {field} than {old}, which is the label already, got {new}: reject the finding."
            )

    def undo(self) -> int | None:
        """Take the last decision back; returns the finding's place, None when there is nothing to take back.

        Raises:
            ChangedError: when the file was changed by another program.
        """
        if not self._undo:
            return None
        last = self._undo[-1]
        self._corrections.replace(self._name(last.place), last.rows)
        self._undo.pop()
        return last.place

    def _name(self, place: int) -> str:
        if not 0 <= place < len(self._order):
            raise InputError(f"Expected a finding from 0 to {len(self._order) - 1}, got {place}.")
        return self._order[place]


def _kind(found: RecordedFinding | None, first: Row) -> tuple[str, str]:
    """Kind and probability of a finding; the field of its first row where the audit has not recorded it."""
    return (found.kind, found.probability) if found else (first["field"], "")


def _persons_of(row: Row) -> list[str]:
    return [row["person"], row["new"]] if row["field"] == PERSON else [row["person"]]


def open_review(folder: Path, data: Path | None = None) -> Review:
    """The review of an audit's folder.

    Args:
        folder: what `audit` wrote.
        data: the audited data, where they have moved since.

    Raises:
        InputError: when the folder is not an audit's, or the data can't be read; AuditedDataError when the data are
            not known or not where they were.
    """
    if not (folder / CORRECTIONS_FILE).is_file():
        raise InputError(
            f"Expected {folder} to be the folder of an audit, with {CORRECTIONS_FILE}: run the audit first."
        )
    if data is None:
        try:
            data = AuditManifest.read(folder).data
        except InputError as error:
            raise AuditedDataError(
                f"{error} The place of the audited data is unknown.", setting="data"
            ) from error
        if not data.exists():
            raise AuditedDataError(
                f"Expected the audited data at {data}, but they do not exist there.", setting="data"
            )
    return Review(folder, read_data(data, unread=[]))  # the audit has reported the invalid labels
