"""Identical files within a person. Similar photos of a person are expected, identical files are not."""

from collections.abc import Iterator

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    table = inputs.usable
    if table.frame["person"].null_count():
        return
    seen: dict[tuple[str, str], int] = {}
    for row, key in enumerate(zip(table.persons.tolist(), inputs.usable_scan["digest"], strict=True)):
        first = seen.setdefault(key, row)
        if first != row:
            yield finding_about_photo(
                table,
                row,
                kind="the same file twice",
                reason=f"the same file as {table.photo(first)}",
                score=1.0,
                probability=1.0,
                photos=(table.photo(row), table.photo(first)),
                changes=(Change.exclusion(table.photo(row)),),
            )


CHECK = Check(
    name="identical files of a person",
    needs=frozenset({Need.SCAN}),
    kinds=("the same file twice",),
    find=_find,
)
