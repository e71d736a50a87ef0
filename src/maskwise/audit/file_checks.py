"""What can be seen without a model: files, folders, tables, pixels."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from maskwise.audit.findings import Change, Finding
from maskwise.data.corrections import EXCLUDE
from maskwise.data.scan import Scan
from maskwise.data.table import PhotoTable
from maskwise.files import printable
from maskwise.tasks.label_space import Attribute

DARK, FLAT = 18.0, 4.0
"""Grey levels: a mean below the first is dark, a spread below the second is blank."""

_STRAY_SHARE, _FEWEST_AT_CAP = 0.02, 10

_JPEG = (".jpg", ".jpeg")
_SUFFIXES = {"JPEG": _JPEG, "MPO": (*_JPEG, ".mpo"), "PNG": (".png",), "WEBP": (".webp",)}


def structure_findings(table: PhotoTable, scan: Scan) -> list[Finding]:
    """Files that can't be used, folders against the table, repeated ids, odd sizes, blank and dark photos."""
    found = [*set_aside(table, scan), *_names_against_table(table), *_repeated_ids(table), *_unlisted(table)]
    return [*found, *_odd_numbers(table, scan), *_odd_pictures(table, scan), *_piled_numbers(table)]


def about(table: PhotoTable, row: int) -> tuple[str, str]:
    """Person and id of a photo, empty where unknown."""
    person, known_id = table.frame["person"][row], table.frame["id"][row]
    return str(person or ""), str(known_id or "")


def set_aside(table: PhotoTable, scan: Scan, elsewhere: str = "") -> list[Finding]:
    """Photos that are missing or can't be used; `elsewhere` names the data where they are not the audited."""
    found = []
    for row, reason in enumerate(scan.frame["reason"].to_list()):
        if reason is None:
            continue
        kind = "missing file" if reason == "missing" else "unusable file"
        photo = table.photo(row)
        shown: tuple[str, ...] = (photo,)
        beside: tuple[Path, ...] = ()
        if elsewhere:
            reason, shown, beside = f"{printable(photo)} of {elsewhere}: {reason}", (), (table.root / photo,)
        found.append(Finding(kind, *about(table, row), shown, reason, 1.0, 1.0, (), beside))
    return found


def _names_against_table(table: PhotoTable) -> list[Finding]:
    """`006359_female_Asian_18`: what a person's name says of what is constant over a person, against the table.

    A part of the name that is a value of an attribute speaks of it; beside such a one a number at the end speaks of the
    numeric attribute.
    """
    found, seen = [], set[str]()
    constant = [attribute for attribute in table.space.attributes if attribute.constant]
    for row in range(len(table)):
        person, known_id = about(table, row)
        parts = PurePosixPath(person).name.split("_")
        if person in seen or not any(
            part in a.values for a in constant if not a.is_numeric for part in parts
        ):
            continue  # a number alone may be anything
        seen.add(person)
        wrong = []
        for attribute in constant:
            told, own = _told_by_name(parts, attribute), table.frame[attribute.name][row]
            if told is not None and own is not None and told != (int(own) if attribute.is_numeric else own):
                said = f"{own:g}" if attribute.is_numeric else own
                wrong.append(f"{attribute.name} {told} in the name, {said} in the table")
        if wrong:
            found.append(Finding("name against table", person, known_id, (), "; ".join(wrong), 1.0, 0.9))
    return found


def _told_by_name(parts: list[str], attribute: Attribute) -> str | int | None:
    if attribute.is_numeric:
        return int(parts[-1]) if re.fullmatch(r"[0-9]{1,3}", parts[-1]) and len(parts) > 2 else None
    told = [part for part in parts if part in attribute.values]
    return told[0] if len(told) == 1 else None


def _unlisted(table: PhotoTable) -> list[Finding]:
    """What lies in a folder that is one person's, and is not in the table."""
    photos = [PurePosixPath(photo) for photo in table.photos]  # `./a.jpg` is `a.jpg`
    used = {str(place) for photo in photos for place in (photo, *photo.parents)}
    folders: dict[str, list[int]] = {}
    for row, photo in enumerate(photos):
        folders.setdefault(str(photo.parent), []).append(row)
    found = []
    for folder, (first, *others) in folders.items():
        person, known_id = about(table, first)
        if folder == "." or not person or any(about(table, row)[0] != person for row in others):
            continue
        try:
            names = sorted(entry.name for entry in os.scandir(table.root / folder))
        except (OSError, ValueError):  # its photos are told to be missing
            continue
        extra = [name for name in names if not name.startswith(".") and f"{folder}/{name}" not in used]
        if extra:
            shown = ", ".join(printable(name) for name in extra[:3])
            reason = f"{len(extra)} in {printable(folder)} that the table does not use: {shown}"
            found.append(Finding("extra file", person, known_id, (), reason, 0.1))
    return found


def _repeated_ids(table: PhotoTable) -> list[Finding]:
    if table.frame["id"].null_count() == len(table):
        return []
    pairs = table.frame.select("id", "person").unique().drop_nulls()
    repeated = (
        pairs.group_by("id").agg(pl.col("person").sort()).filter(pl.col("person").list.len() > 1).sort("id")
    )
    return [
        Finding(
            "repeated id",
            persons[0],
            known_id,
            _first_photos(table, persons),
            f"id {known_id} belongs to {', '.join(persons)}",
            0.5,
        )
        for known_id, persons in repeated.iter_rows()
    ]


def _first_photos(table: PhotoTable, persons: Sequence[str]) -> tuple[str, ...]:
    of_them = table.frame.filter(pl.col("person").is_in(persons))
    return tuple(of_them.group_by("person", maintain_order=True).agg(pl.col("photo").first())["photo"])


def _odd_numbers(table: PhotoTable, scan: Scan) -> list[Finding]:
    """Persons with fewer usable photos than most have, or more."""
    if table.frame["person"].null_count():
        return []
    usable = table.frame.with_columns(pl.Series("usable", scan.usable))
    counts = usable.group_by("person", maintain_order=True).agg(pl.col("usable").sum(), pl.col("id").first())
    if not counts.height:
        return []
    usual, n_usual = Counter(counts["usable"].to_list()).most_common(1)[0]
    if 2 * n_usual <= counts.height:  # no number is usual
        return []
    odd = counts.filter(pl.col("usable") != usual).select("person", "usable", "id")
    return [
        Finding(
            "few photos" if n < usual else "many photos",
            person,
            str(known_id or ""),
            (),
            f"{n} usable photos, most persons have {usual}",
            0.1,
        )
        for person, n, known_id in odd.iter_rows()
    ]


def _odd_pictures(table: PhotoTable, scan: Scan) -> list[Finding]:
    found = []
    known = scan.frame.filter(pl.col("thumb").is_not_null())
    sizes = Counter(zip(known["height"], known["width"], strict=True))
    modes = Counter(known["mode"])
    usual = sizes.most_common(1)[0][0] if sizes else None
    columns = ("thumb", "orientation", "height", "width", "mode", "format")
    for row, (thumb, orientation, height, width, mode, kept_as) in enumerate(
        scan.frame.select(columns).iter_rows()
    ):
        if thumb is None:
            continue
        person, known_id = about(table, row)
        levels = np.frombuffer(thumb, dtype=np.uint8).astype(np.float64)
        said = []
        if levels.std() < FLAT:
            said.append("blank photo")
        elif levels.mean() < DARK:
            said.append("dark photo")
        if orientation not in (None, 1):
            said.append("rotated by EXIF")
        if usual is not None and (height, width) != usual and sizes[usual] > 0.8 * known.height:
            said.append("unusual size")
        if modes[mode] < 0.2 * known.height:
            said.append("unusual mode")
        suffix = PurePosixPath(table.photo(row)).suffix.lower()
        if suffix not in _SUFFIXES.get(kept_as, (suffix,)):
            said.append("misnamed file")
        for kind in said:
            exclude = (Change(table.photo(row), EXCLUDE, "", ""),) if kind == "blank photo" else ()
            levels_said = f"mean {levels.mean():.0f}, spread {levels.std():.0f}"
            reason = f"{width} x {height} pixels, {kept_as}, {mode}, {levels_said}"
            found.append(
                Finding(
                    kind,
                    person,
                    known_id,
                    (table.photo(row),),
                    reason,
                    0.3,
                    0.9 if exclude else None,
                    exclude,
                )
            )
    return found


def _piled_numbers(table: PhotoTable) -> list[Finding]:
    """A number at which labels pile up, as they do at a cap."""
    found = []
    for attribute in table.space.attributes:
        if not attribute.is_numeric:
            continue
        per_person = table.frame.select("person", attribute.name).unique().drop_nulls()
        cap = find_cap(per_person[attribute.name].to_list())
        if cap is not None:
            number, n_there, n_above = cap
            above = f"{n_above} above" if n_above else "none above"
            reason = f"{n_there} persons are labelled {number:g}, {above}: a cap, which means `or more`"
            found.append(Finding(f"{attribute.name} piled at a cap", "", "", (), reason, 0.2))
    return found


def find_cap(numbers: Sequence[float]) -> tuple[float, int, int] | None:
    """The number at which labels pile up at the upper end, how many have it, and how many (next to none) lie above.

    Half as many again as the median of the five numbers below, and more than chance makes of that.
    """
    counts = Counter(numbers)
    above = 0
    for top in sorted(counts, reverse=True):
        there = counts[top]
        if above <= _STRAY_SHARE * there:
            usual = float(np.median([counts.get(top - k, 0) for k in range(1, 6)]))
            if there > 1.5 * usual and there - usual > 4 * np.sqrt(usual + 1) and there >= _FEWEST_AT_CAP:
                return top, there, above
        above += there
    return None
