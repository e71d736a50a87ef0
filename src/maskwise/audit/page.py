"""An audit's `report.html`: findings with their photos side by side, proposals, and what is too rare."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maskwise.audit.findings import Finding
from maskwise.data.table import PhotoTable
from maskwise.evaluation.pages import render_page, small_picture
from maskwise.files import write_text

PAGE_FILE = "report.html"

MOST, MOST_OF_A_KIND = 200, 50
"""Findings that the page shows; `findings.csv` has all."""

_MOST_PHOTOS, _HEIGHT = 7, 120


def write_audit_page(
    path: Path,
    findings: Sequence[Finding],
    balance: Sequence[dict[str, Any]],
    notes: Sequence[str],
    *,
    table: PhotoTable,
    data: str,
    photos: bool,
) -> None:
    """Write the page.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    paths = dict(zip(table.photos, table.paths, strict=True))
    shown = [
        {
            "number": number,
            "finding": finding,
            "pictures": [
                small_picture(paths[name], _HEIGHT) if name in paths else ""
                for name in finding.photos[:_MOST_PHOTOS]
            ]
            if photos
            else [],
        }
        for number, finding in _worst(findings)
    ]
    page = render_page(
        "audit.html.j2",
        "maskwise.audit",
        data=data,
        kinds=Counter(finding.kind for finding in findings).most_common(),
        n_findings=len(findings),
        shown=shown,
        balance=balance,
        notes=notes,
        photos=photos,
    )
    write_text(path, page)


def _worst(findings: Sequence[Finding]) -> list[tuple[int, Finding]]:
    """The worst findings with their numbers; no kind crowds out the others."""
    seen = Counter[str]()
    shown: list[tuple[int, Finding]] = []
    for number, finding in enumerate(findings, start=1):
        seen[finding.kind] += 1
        if seen[finding.kind] <= MOST_OF_A_KIND and len(shown) < MOST:
            shown.append((number, finding))
    return shown
