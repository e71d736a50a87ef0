"""Reader for the competition's layout: a folder a person under `images/`, or flat photos and `info.csv`."""

import re
from dataclasses import replace
from pathlib import Path

import polars as pl

from maskwise.data.photo_suffixes import PHOTO_SUFFIXES
from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.readers.registry import Reader
from maskwise.data.table import (
    PhotoTable,
    UnreadLabel,
    check_labels,
    require_columns,
    require_rows,
    require_values,
)
from maskwise.errors import InputError
from maskwise.files import printable
from maskwise.tasks.label_space import LabelSpace
from maskwise.tasks.spelling import case_note, names_on_disk, normalized, normalized_series
from maskwise.tasks.task import Task

LABEL_FILE = "train.csv"
EVAL_FILE = "info.csv"
EVAL_PARTS = ("public", "private")

FILE_NAMES: dict[str, dict[str, str]] = {
    "mask": {"mask[1-5]": "worn", "incorrect_mask": "incorrect", "normal": "none"}
}
"""What a photo's file name says of an attribute, as regular expressions."""


def labelled_folder(folder: Path) -> Path | None:
    """The folder with `train.csv`: `folder` itself or its `train/`."""
    return next((f for f in (folder, folder / "train") if (f / LABEL_FILE).is_file()), None)


def eval_folders(folder: Path) -> dict[str, Path]:
    """The folders with an `info.csv`, by name: `folder`, its `eval/`, or their `public/` and `private/`."""
    for place in (folder, folder / "eval"):
        if (place / EVAL_FILE).is_file():
            return {"eval": place}
        parts = {name: place / name for name in EVAL_PARTS if (place / name / EVAL_FILE).is_file()}
        if parts:
            return parts
    return {}


def read_labelled(folder: Path, space: LabelSpace, unread: list[UnreadLabel] | None = None) -> PhotoTable:
    """Read `train.csv` and `images/<path>/`: seven photos a person, the mask told by the file name.

    A person is a `path`, never an `id`, which can repeat. Photos may have any suffix; a photo that the
    layout expects and that is not there keeps a row, so that the scan can set it aside as missing. For `unread`
    see `check_labels`.

    Raises:
        InputError: naming file, row and column of what is wrong.
    """
    origin = folder / LABEL_FILE
    raw = read_csv_text(origin)
    listed = [a for a in space.attributes if a.name not in FILE_NAMES]
    required = ("path", *(a.name for a in listed))
    require_columns(raw, required, origin)
    persons = require_values(raw, "path", origin)
    _refuse_repeats_and_escapes(persons, origin)
    folders = names_on_disk(persons, folder / "images").alias("folder")
    persons = normalized_series(persons)
    labels = check_labels(raw, space, origin, unread=unread)

    images = folder / "images"
    if not images.is_dir():
        raise InputError(f"{folder}: expected a folder images/ beside {LABEL_FILE}, got none.")
    rows: list[tuple[int, str, dict[str, str]]] = []
    for index, name in enumerate(folders):
        rows += [(index, photo, told) for photo, told in _photos_of(images / name, space)]
    frame = pl.DataFrame(
        {"person_row": [r[0] for r in rows], "photo": [r[1] for r in rows]},
        schema={"person_row": pl.Int64, "photo": pl.String},
    )
    told = {a.name: [r[2].get(a.name) for r in rows] for a in space.attributes if a.name in FILE_NAMES}
    of_person = pl.DataFrame({"person": persons}).hstack(labels.drop(list(told)))
    extras = raw.drop([c for c in raw.columns if c in (*of_person.columns, *told, "path", "photo", "split")])
    of_person = of_person.hstack(extras)
    if "id" not in of_person.columns:
        of_person = of_person.with_columns(id=persons)
    place = frame["person_row"].to_list()
    frame = frame.hstack(of_person[place]).drop("person_row")
    frame = frame.with_columns(
        [pl.Series(name, values, dtype=pl.String) for name, values in told.items()]
        + [
            pl.concat_str(pl.lit("images/"), folders[place], pl.lit("/"), "photo").alias("photo"),
            pl.lit(None, dtype=pl.String).alias("split"),
            pl.lit("competition").alias("source"),
        ]
    )
    return PhotoTable(
        frame, folder, space, notes=(*case_note(persons, "person"), *_unlisted(images, set(folders)))
    )


def _refuse_repeats_and_escapes(persons: pl.Series, origin: Path) -> None:
    seen: dict[str, int] = {}
    for row, person in enumerate(persons, start=2):
        parts = Path(person).parts
        if Path(person).is_absolute() or not parts or ".." in parts or "\\" in person or "\0" in person:
            raise InputError(
                f"{origin}, row {row}, column path: expected a folder inside images/, got {person!r}."
            )
        folder = normalized(Path(person).as_posix())  # `X` and `X/` are one
        if folder in seen:
            raise InputError(
                f"{origin}, row {row}, column path: expected each person once, got {person!r} again "
                f"(first in row {seen[folder]})."
            )
        seen[folder] = row


def _photos_of(folder: Path, space: LabelSpace) -> list[tuple[str, dict[str, str]]]:
    """The photos of a person's folder with what their names tell, and those expected but missing."""
    naming = {a.name: FILE_NAMES[a.name] for a in space.attributes if a.name in FILE_NAMES}
    found: list[tuple[str, dict[str, str]]] = []
    stems: set[str] = set()
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:  # not there, no folder, or a name too long for one: its photos are missing
        names = []
    for name in names:
        stem, suffix = Path(name).stem, Path(name).suffix.lower()
        if name.startswith(".") or suffix not in PHOTO_SUFFIXES:
            continue
        told = {
            attribute: value
            for attribute, patterns in naming.items()
            for pattern, value in patterns.items()
            if re.fullmatch(pattern, stem)
        }
        if told or not naming:
            found.append((name, told))
            stems.add(stem)
    for attribute, patterns in naming.items():
        for pattern, value in patterns.items():
            found += [(f"{s}.jpg", {attribute: value}) for s in _expected_stems(pattern) if s not in stems]
    return found


def _expected_stems(pattern: str) -> list[str]:
    """The names that a pattern such as `mask[1-5]` stands for: one range of digits at most."""
    span = re.fullmatch(r"(\w*)\[(\d)-(\d)\](\w*)", pattern)
    if span is None:
        return [pattern]
    before, low, high, after = span.groups()
    return [f"{before}{digit}{after}" for digit in range(int(low), int(high) + 1)]


def _unlisted(images: Path, persons: set[str]) -> tuple[str, ...]:
    extra = sorted(
        printable(entry.name)
        for entry in images.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in persons
    )
    if not extra:
        return ()
    shown = ", ".join(extra[:3]) + (", ..." if len(extra) > 3 else "")
    return (f"{len(extra)} folders in {images} are not in {LABEL_FILE} and are left out: {shown}",)


def read_eval(folder: Path, space: LabelSpace) -> PhotoTable:
    """Read `info.csv` and `images/`: photos without labels or persons, in the order of the file.

    The `ans` column of `info.csv` is a blank to fill in (all 0), so it is not read as a label.

    Raises:
        InputError: naming file, row and column of what is wrong.
    """
    origin = folder / EVAL_FILE
    raw = read_csv_text(origin)
    require_columns(raw, ("ImageID",), origin)
    ids = require_values(raw, "ImageID", origin)
    seen: dict[str, int] = {}
    for row, name in enumerate(ids, start=2):
        if Path(name).name != name or "\\" in name or "\0" in name:
            raise InputError(f"{origin}, row {row}, column ImageID: expected a file name, got {name!r}.")
        if name in seen:
            raise InputError(
                f"{origin}, row {row}, column ImageID: expected each photo once, got {name!r} again "
                f"(first in row {seen[name]})."
            )
        seen[name] = row
    empty = check_labels(pl.DataFrame({"photo": ids}), space, origin)
    frame = pl.DataFrame(
        {
            "photo": [f"images/{name}" for name in names_on_disk(ids, folder / "images")],
            "person": pl.Series([None] * len(ids), dtype=pl.String),
            "id": ids,
        }
    ).hstack(empty)
    frame = frame.with_columns(
        pl.lit(None, dtype=pl.String).alias("split"), pl.lit("competition-eval").alias("source")
    )
    return PhotoTable(frame, folder, space)


def _recognizes(data: Path) -> bool:
    return data.is_dir() and (labelled_folder(data) is not None or bool(eval_folders(data)))


def _read(data: Path, task: Task, unread: list[UnreadLabel] | None) -> PhotoTable:
    return replace(_read_layout(data, task.space, unread), task=task)


def _read_layout(data: Path, space: LabelSpace, unread: list[UnreadLabel] | None) -> PhotoTable:
    labelled = labelled_folder(data)
    if labelled is not None:
        return require_rows(read_labelled(labelled, space, unread), labelled / LABEL_FILE)
    folders = eval_folders(data)
    if len(folders) > 1:
        raise InputError(
            f"{data}: expected one {EVAL_FILE}, got {len(folders)} ({', '.join(folders)}): name one of the folders."
        )
    folder = next(iter(folders.values()))
    return require_rows(read_eval(folder, space), folder / EVAL_FILE)


def _evaluation_sets(data: Path) -> list[Path]:
    """The folders with an `info.csv` inside the data, and beside a labelled `train/`."""
    if not data.is_dir():
        return []
    around = [data, *([data.resolve().parent] if (data / LABEL_FILE).is_file() else [])]
    return [folder for place in around for folder in eval_folders(place).values()]


reader = Reader(
    name="competition",
    layout=f"{LABEL_FILE} beside images/ (labelled photos), or {EVAL_FILE} beside images/ (photos to predict)",
    recognizes=_recognizes,
    read=_read,
    evaluation_sets=_evaluation_sets,
    task="competition",
)
