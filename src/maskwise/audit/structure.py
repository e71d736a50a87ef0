"""What can be seen without a model: files, folders, tables, pixels."""

import re
from collections import Counter
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from maskwise.audit.findings import Change, Finding
from maskwise.data.corrections import EXCLUDE
from maskwise.data.scan import Scan
from maskwise.data.table import PhotoTable

DARK, FLAT = 18.0, 4.0
"""Grey levels: a mean below the first is dark, a spread below the second is blank."""

_SUFFIXES = {"JPEG": (".jpg", ".jpeg"), "PNG": (".png",), "WEBP": (".webp",)}


def structure_findings(table: PhotoTable, scan: Scan) -> list[Finding]:
    """Files that can't be used, folders against the table, repeated ids, odd sizes, blank and dark photos."""
    found = [*_set_aside(table, scan), *_names_against_table(table), *_repeated_ids(table)]
    return [*found, *_short_persons(table, scan), *_odd_pictures(table, scan), *_piled_ages(table)]


def about(table: PhotoTable, row: int) -> tuple[str, str]:
    """Person and id of a photo, empty where unknown."""
    person, known_id = table.frame["person"][row], table.frame["id"][row]
    return str(person or ""), str(known_id or "")


def _set_aside(table: PhotoTable, scan: Scan) -> list[Finding]:
    found = []
    for row, reason in enumerate(scan.frame["reason"].to_list()):
        if reason is not None:
            person, known_id = about(table, row)
            kind = "missing file" if reason == "missing" else "unusable file"
            found.append(Finding(kind, person, known_id, (table.photo(row),), reason, 1.0, 1.0))
    return found


def _names_against_table(table: PhotoTable) -> list[Finding]:
    """`006359_female_Asian_18`: what a folder's name says of gender and age, against the table."""
    found, seen = [], set[str]()
    gender = {a.name: a for a in table.space.attributes}.get("gender")
    for row in range(len(table)):
        person, known_id = about(table, row)
        match = re.fullmatch(r"[^_]+_([a-z]+)_[A-Za-z]+_(\d+)", person)
        if person in seen or match is None:
            continue
        seen.add(person)
        told_gender, told_age = match.groups()
        own_gender = table.frame["gender"][row] if gender else None
        own_age = table.frame["age"][row] if "age" in table.frame.columns else None
        wrong = []
        if gender and told_gender in gender.values and own_gender not in (None, told_gender):
            wrong.append(f"gender {told_gender} in the folder's name, {own_gender} in the table")
        if own_age is not None and int(told_age) != int(own_age):
            wrong.append(f"age {told_age} in the folder's name, {own_age:g} in the table")
        if wrong:
            found.append(Finding("name against table", person, known_id, (), "; ".join(wrong), 1.0, 0.9))
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
            "repeated id", persons[0], known_id, (), f"id {known_id} belongs to {', '.join(persons)}", 0.5
        )
        for known_id, persons in repeated.iter_rows()
    ]


def _short_persons(table: PhotoTable, scan: Scan) -> list[Finding]:
    """Persons with fewer usable photos than most have."""
    if table.frame["person"].null_count():
        return []
    usable = table.frame.with_columns(pl.Series("usable", scan.usable))
    counts = usable.group_by("person", maintain_order=True).agg(pl.col("usable").sum(), pl.col("id").first())
    if not counts.height:
        return []
    usual, n_usual = Counter(counts["usable"].to_list()).most_common(1)[0]
    if 2 * n_usual <= counts.height:  # no number is usual
        return []
    short = counts.filter(pl.col("usable") < usual)
    return [
        Finding(
            "few photos",
            person,
            str(known_id or ""),
            (),
            f"{n} usable photos, most persons have {usual}",
            0.1,
        )
        for person, n, known_id in short.select("person", "usable", "id").iter_rows()
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
        if PurePosixPath(table.photo(row)).suffix.lower() not in _SUFFIXES[kept_as]:
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


def _piled_ages(table: PhotoTable) -> list[Finding]:
    """A number at which labels pile up, as they do at a cap."""
    found = []
    for attribute in table.space.attributes:
        if not attribute.is_numeric:
            continue
        per_person = table.frame.select("person", attribute.name).unique().drop_nulls()
        numbers = per_person[attribute.name].to_list()
        if len(numbers) < 50:
            continue
        counts = Counter(numbers)
        top = max(counts)
        near = [counts.get(top - k, 0) for k in range(1, 6)]
        if counts[top] > 2 * max(1, max(near)):
            reason = f"{counts[top]} persons are labelled {top:g}, none above: a cap, which means `or more`"
            found.append(Finding("ages piled at a cap", "", "", (), reason, 0.2))
    return found
