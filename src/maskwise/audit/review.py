"""Deciding about an audit's proposals, one finding at a time; every decision is on disk before the next is asked."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from maskwise.audit.findings import CORRECTIONS_FILE, FINDINGS_FILE, decisions_locked, number_in_words
from maskwise.audit.run_audit import ABOUT_FILE
from maskwise.data.corrections import COLUMNS, EXCLUDE, FIRST_ROW, PERSON, read_corrections
from maskwise.data.readers.csv_text import guarded, read_csv_text, unguarded
from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable, check_labels
from maskwise.errors import InputError
from maskwise.files import read_json, write_csv

Decision = Literal["yes", "no", ""]
Row = dict[str, str]


class ChangedError(InputError):
    """The corrections were changed by another program since they were read."""


@dataclass(frozen=True)
class _Before:
    """What an undo brings back."""

    place: int
    rows: list[Row]


@dataclass(frozen=True)
class _Told:
    """What an audit said of a finding; `new` is of its last row."""

    kind: str
    probability: str
    new: str
    photos: tuple[str, ...]  # all that the finding speaks of, the copied one beside the copy
    elsewhere: tuple[str, ...]  # files of other data


class Review:
    """The proposals of an audit, what is decided about them, and the photos they speak of."""

    def __init__(self, folder: Path, table: PhotoTable) -> None:
        self._path = folder / CORRECTIONS_FILE
        self._table = table
        self._digest = self._on_disk()
        raw = read_corrections(self._path)
        self._columns = raw.columns  # further ones are somebody's notes, and are kept
        self._rows: list[Row] = list(raw.iter_rows(named=True))
        if not self._rows:
            raise InputError(
                f"{self._path}: expected proposals to review, got none: nothing is to be decided."
            )
        self._places: dict[str, list[int]] = {}
        for number, row in enumerate(self._rows):
            # Rows without a finding stand for themselves, as they do where corrections are applied.
            self._places.setdefault(row["finding"] or f"row {number + FIRST_ROW}", []).append(number)
        self._order = list(self._places)
        self._told = _told(folder / FINDINGS_FILE)
        elsewhere = dict.fromkeys(path for told in self._told.values() for path in told.elsewhere)
        self._elsewhere = {path: len(table) + place for place, path in enumerate(elsewhere)}
        self.paths = [*table.paths, *map(Path, elsewhere)]  # by the numbers that `finding` gives
        self._photos = table.photos
        self._photo_rows = {photo: row for row, photo in enumerate(self._photos)}
        self._of_person: dict[str, list[int]] = {}
        self._persons_of = table.persons
        for place, person in enumerate(self._persons_of.tolist()):
            self._of_person.setdefault(person, []).append(place)
        if not any(
            row["person"] in self._of_person or row["photo"] in self._photo_rows for row in self._rows
        ):
            raise InputError(
                f"Expected {table.root} to be the data that {folder} speaks of, got none of its persons and photos: "
                "name the audited data with --data."
            )
        self._undo: list[_Before] = []

    def __len__(self) -> int:
        return len(self._order)

    def overview(self) -> dict[str, Any]:
        """All findings in short: number, kind, probability and decision, in the order of the file."""
        return {
            "data": self._table.root.name,
            "findings": [
                [name, *self._kind(name), self._rows[self._places[name][0]]["accept"]] for name in self._order
            ],
            "can_undo": bool(self._undo),
        }

    def _kind(self, name: str) -> tuple[str, str]:
        told = self._told.get(name)
        return (told.kind, told.probability) if told else (self._rows[self._places[name][0]]["field"], "")

    def finding(self, place: int) -> dict[str, Any]:
        """Everything about one finding: its rows, what else could be chosen, and the photos to look at.

        Raises:
            InputError: when there is no such finding.
        """
        name = self._name(place)
        rows = [self._rows[number] for number in self._places[name]]
        meant = {row["photo"] for row in rows}
        shown: list[int] = []
        for person in dict.fromkeys(p for row in rows for p in self._persons(row)):
            shown += self._of_person.get(person, [])
        told = self._told.get(name)
        for photo in (*sorted(meant), *(told.photos if told else ())):
            if photo in self._photo_rows:
                row = self._photo_rows[photo]
                shown += [row, *self._of_person.get(str(self._persons_of[row]), [])]
        kind, probability = self._kind(name)
        return {
            "place": place,
            "finding": name,
            "kind": kind,
            "probability": probability,
            "person": rows[0]["person"],
            "reason": rows[0]["reason"],
            "rows": [{key: row[key] for key in ("photo", "field", "old", "new", "accept")} for row in rows],
            "choices": self._choices(rows),
            "photos": [self._photo(row, meant) for row in dict.fromkeys(shown)]
            + [self._other_photo(path) for path in (told.elsewhere if told else ())],
        }

    def _persons(self, row: Row) -> list[str]:
        others = [row["new"]] if row["field"] == PERSON else []
        return [row["person"], *others]

    def _choices(self, rows: Sequence[Row]) -> list[str] | Literal["number"] | None:
        """What else a single row could say: values, or any number; None where there is nothing to choose."""
        if len(rows) > 1 or rows[0]["field"] in (EXCLUDE, PERSON):
            return None
        for attribute in self._table.space.attributes:
            if rows[0]["field"] == attribute.name and attribute.is_numeric:
                return "number"
            if rows[0]["field"] in (attribute.name, attribute.label_column):
                return list(attribute.values)
        return None

    def _other_photo(self, path: str) -> dict[str, Any]:
        """A photo of other data: nothing is to be decided about it."""
        told = {"name": Path(path).name, "person": "other data", "labels": [], "meant": False}
        return {"row": self._elsewhere[path], **told}

    def _photo(self, row: int, meant: set[str]) -> dict[str, Any]:
        frame, space = self._table.frame, self._table.space
        labels = []
        for attribute in space.attributes:
            number = frame[attribute.name][row] if attribute.is_numeric else None
            value = frame[attribute.label_column][row] if number is None else number_in_words(number)
            labels.append(f"{attribute.name} {value or 'unknown'}")
        photo = self._photos[row]
        return {
            "row": row,
            "name": photo.split("/")[-1],
            "person": str(frame["person"][row] or ""),
            "labels": labels,
            "meant": photo in meant or "" in meant,
        }

    def decide(self, place: int, accept: Decision, new: str | None = None) -> None:
        """Accept or reject a finding, or take a decision back; with `new`, accept another value than the proposed.

        What is rejected or taken back is as the audit proposed it.

        Raises:
            InputError: when there is no such finding, or the value can't be.
            ChangedError: when the file was changed by another program.
        """
        numbers = self._places[self._name(place)]
        before = _Before(place, [dict(self._rows[number]) for number in numbers])
        if new is not None:
            self._check_other(numbers, new)
            accept = "yes"
        elif accept != "yes" and len(numbers) == 1:  # what another value was accepted for
            told = self._told.get(self._order[place])
            new = told.new if told else None
        changed = [
            dict(self._rows[number]) | {"accept": accept} | ({"new": new.strip()} if new else {})
            for number in numbers
        ]
        self._put(place, changed)
        self._undo.append(before)

    def _check_other(self, numbers: Sequence[int], new: str) -> None:
        """Refuse another value that can't be, or that the label has already."""
        rows = [self._rows[number] for number in numbers]
        if self._choices(rows) is None:
            raise InputError("Expected a finding of one label for another value, got one of several rows.")
        field, old = rows[0]["field"], rows[0]["old"]
        if not new.strip():
            raise InputError(f"Expected another {field}, got nothing.")
        try:
            typed, before = (
                check_labels(
                    pl.DataFrame({field: [value]}), self._table.space, self._path, numbers[0] + FIRST_ROW
                )[field][0]
                for value in (new, old)
            )
        except InputError as error:
            raise InputError(f"Expected another {field}, got {new!r}: {error}") from error
        if typed == before:
            raise InputError(
                f"Expected another {field} than {old}, which the label says, got {new}: reject it."
            )

    def undo(self) -> int | None:
        """Take the last decision back; gives the finding's place, None when there is nothing to take back.

        Raises:
            ChangedError: when the file was changed by another program.
        """
        if not self._undo:
            return None
        before = self._undo[-1]
        self._put(before.place, before.rows)
        self._undo.pop()
        return before.place

    def _name(self, place: int) -> str:
        if not 0 <= place < len(self._order):
            raise InputError(f"Expected a finding from 0 to {len(self._order) - 1}, got {place}.")
        return self._order[place]

    def _put(self, place: int, rows: Sequence[Row]) -> None:
        with decisions_locked(self._path.parent):
            if self._on_disk() != self._digest:
                raise ChangedError(
                    f"Expected {self._path} to be as it was read, but another program has changed it: start the "
                    "review again."
                )
            self._write(self._places[self._name(place)], rows)

    def _write(self, numbers: Sequence[int], rows: Sequence[Row]) -> None:
        kept = [self._rows[number] for number in numbers]
        for number, row in zip(numbers, rows, strict=True):
            self._rows[number] = row
        try:
            written = write_csv(
                self._path,
                self._columns,
                [
                    [guarded(row[name]) if name in COLUMNS else row[name] for name in self._columns]
                    for row in self._rows
                ],
            )
        except BaseException:
            for number, row in zip(numbers, kept, strict=True):
                self._rows[number] = row
            raise
        self._digest = _digest(written.encode())

    def _on_disk(self) -> str:
        try:
            return _digest(self._path.read_bytes())
        except OSError:
            return ""


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _told(path: Path) -> dict[str, _Told]:
    """What the audit said of each finding; nothing where the file is gone, as the corrections stand on their own."""
    try:
        rows = read_csv_text(path)
        return {
            row["finding"]: _Told(
                row["kind"],
                row["probability"],
                unguarded(row["new"]),
                _listed(row.get("photos", "")),
                _listed(row.get("elsewhere", "")),
            )
            for row in rows.iter_rows(named=True)
        }
    except (InputError, KeyError):
        return {}


def _listed(cell: str) -> tuple[str, ...]:
    """Photos as an audit lists them in a cell; none where it is another's."""
    try:
        return tuple(str(photo) for photo in json.loads(unguarded(cell)))
    except (ValueError, TypeError):
        return ()


def open_review(folder: Path, data: Path | None = None) -> Review:
    """The review of an audit's folder.

    Args:
        folder: what `audit` wrote.
        data: the audited data, where they are not any more where they were.

    Raises:
        InputError: when the folder is no audit's, or the data can't be read.
    """
    if not (folder / CORRECTIONS_FILE).is_file():
        raise InputError(
            f"Expected {folder} to be the folder of an audit with {CORRECTIONS_FILE}: run maskwise audit DATA --out "
            f"{folder} first."
        )
    if data is None:
        try:
            data = Path(str(read_json(folder / ABOUT_FILE)["data"]))
        except (InputError, KeyError) as error:
            raise InputError(
                f"Expected {folder / ABOUT_FILE} to tell where the data are, but it does not: name them with --data."
            ) from error
        if not data.exists():
            raise InputError(
                f"Expected the audited data at {data}, but they are gone: name them with --data."
            )
    return Review(folder, read_data(data, unread=[]))  # the audit told what of them can't be meant
