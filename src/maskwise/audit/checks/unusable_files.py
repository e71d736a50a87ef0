"""Photos that are missing or can't be used."""

from collections.abc import Iterator

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.data.scan import Scan

KINDS = ("missing file", "unusable file")


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    for row, reason in unusable_rows(inputs.scan):
        yield finding_about_photo(
            inputs.table, row, kind=kind_of(reason), reason=reason, score=1.0, probability=1.0
        )


def unusable_rows(scan: Scan) -> Iterator[tuple[int, str]]:
    """The rows of photos that can't be used, with the scan's reason."""
    for row, reason in enumerate(scan.frame["reason"].to_list()):
        if reason is not None:
            yield row, reason


def kind_of(reason: str) -> str:
    """The kind of finding for a scan's reason."""
    return "missing file" if reason == "missing" else "unusable file"


CHECK = Check(name="unusable files", needs=frozenset({Need.SCAN}), kinds=KINDS, find=_find)
