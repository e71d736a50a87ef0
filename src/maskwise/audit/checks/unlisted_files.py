"""Files in a person's folder that the table does not list."""

import os
from collections.abc import Iterator
from pathlib import PurePosixPath

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding, person_and_id
from maskwise.audit.inputs import AuditInputs
from maskwise.files import printable

_SHOWN = 3


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    table = inputs.table
    photos = [PurePosixPath(photo) for photo in table.photos]  # `./a.jpg` is `a.jpg`
    listed = {str(place) for photo in photos for place in (photo, *photo.parents)}
    folders: dict[str, list[int]] = {}
    for row, photo in enumerate(photos):
        folders.setdefault(str(photo.parent), []).append(row)
    for folder, (first, *others) in folders.items():
        person, known_id = person_and_id(table, first)
        if folder == "." or not person or any(person_and_id(table, row)[0] != person for row in others):
            continue
        try:
            names = sorted(entry.name for entry in os.scandir(table.root / folder))
        except (OSError, ValueError):  # its photos are reported as missing
            continue
        extra = [name for name in names if not name.startswith(".") and f"{folder}/{name}" not in listed]
        if extra:
            shown = ", ".join(printable(name) for name in extra[:_SHOWN])
            yield Finding(
                kind="extra file",
                person=person,
                id=known_id,
                reason=f"{len(extra)} in {printable(folder)} that the table does not list: {shown}",
                score=0.1,
            )


CHECK = Check(name="unlisted files", needs=frozenset(), kinds=("extra file",), find=_find)
