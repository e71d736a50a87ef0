"""Photos of other data that are missing or can't be used, and so were not compared."""

from collections.abc import Iterator

from maskwise.audit.checks.check import Check
from maskwise.audit.checks.unusable_files import KINDS, kind_of, unusable_rows
from maskwise.audit.findings import Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.files import printable


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    for other in inputs.other_data:
        for row, reason in unusable_rows(other.scan):
            photo = other.table.photo(row)
            yield finding_about_photo(
                other.table,
                row,
                kind=kind_of(reason),
                reason=f"{printable(photo)} of {other.name}: {reason}",
                score=1.0,
                probability=1.0,
                photos=(),
                elsewhere=(other.table.root / photo,),
            )


CHECK = Check(
    name="unusable files of other data", needs=frozenset({Need.OTHER_DATA}), kinds=KINDS, find=_find
)
