"""An audit's `report.html`: findings with their photos side by side, proposals, and what is too rare."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import polars as pl

from maskwise.audit.findings import Finding
from maskwise.audit.precision import Bar
from maskwise.data.table import PhotoTable
from maskwise.files import write_text
from maskwise.reporting.pages import render_page, small_picture

PAGE_FILE = "report.html"

MOST = 200
"""Findings that the page shows; `findings.csv` has all."""

_MOST_PHOTOS, _HEIGHT = 7, 120


def write_audit_page(
    path: Path,
    findings: Sequence[Finding],
    balance: Sequence[dict[str, Any]],
    notes: Sequence[str],
    *,
    confused: Sequence[dict[str, Any]],
    bars: Mapping[str, Bar],
    precision: float,
    table: PhotoTable,
    data: str,
    photos: bool,
) -> None:
    """Write the page.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    worst = _worst(findings)
    of_person = _photos_of({finding.person for _, finding in worst if not finding.photos}, table)
    shown = [
        {
            "number": number,
            "finding": finding,
            "pictures": [
                {"name": path.name, "address": small_picture(path, _HEIGHT)}
                for path in _to_look_at(finding, table.root, of_person)
            ]
            if photos
            else [],
        }
        for number, finding in worst
    ]
    page = render_page(
        "audit.html.j2",
        "maskwise.audit",
        data=data,
        kinds=Counter(finding.kind for finding in findings).most_common(),
        confused=confused,
        bars=bars,
        precision=precision,
        n_findings=len(findings),
        shown=shown,
        balance=balance,
        notes=notes,
        photos=photos,
    )
    write_text(path, page)


def _photos_of(persons: Set[str], table: PhotoTable) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = table.frame.select("person", "photo").filter(pl.col("person").is_in(list(persons)))
    for person, photo in rows.iter_rows():
        found.setdefault(person, []).append(photo)
    return found


def _to_look_at(finding: Finding, root: Path, of_person: Mapping[str, list[str]]) -> list[Path]:
    """The finding's photos and those of other data; its person's where it names none."""
    named = finding.photos or (() if finding.elsewhere else of_person.get(finding.person, ()))
    return [*(root / name for name in named[:_MOST_PHOTOS]), *finding.elsewhere]


def _worst(findings: Sequence[Finding]) -> list[tuple[int, Finding]]:
    """The worst findings with their numbers; no kind crowds out the others."""
    seen = Counter[str]()
    ranked: list[tuple[int, int, Finding]] = []
    for number, finding in enumerate(findings, start=1):
        seen[finding.kind] += 1
        ranked.append((seen[finding.kind], number, finding))
    # The worst of every kind, then the second worst of every kind, until the page is full.
    shown = sorted(ranked, key=lambda row: row[:2])[:MOST]
    return sorted(((number, finding) for _, number, finding in shown), key=lambda row: row[0])
