"""An audit's `report.html`: findings with their photos side by side, proposals, and what is rare."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from maskwise.audit.findings import Finding
from maskwise.audit.result import Audit
from maskwise.data.table import PhotoTable
from maskwise.files import write_text
from maskwise.reporting.pages import render_page, small_picture

PAGE_FILE = "report.html"

MOST_FINDINGS = 200
"""Findings that the page shows; `findings.csv` has all."""

_MOST_PHOTOS, _HEIGHT = 7, 120


@dataclass(frozen=True)
class _Picture:
    name: str
    address: str  # a data URL


@dataclass(frozen=True)
class _ShownFinding:
    number: int
    finding: Finding
    pictures: list[_Picture]


def write_audit_page(path: Path, audit: Audit, *, table: PhotoTable, data: str, photos: bool) -> None:
    """Write the page.

    Args:
        path: where to.
        audit: the result.
        table: all photos of the audited data.
        data: the name of the data.
        photos: whether to show photos.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    worst = _worst_of_each_kind(audit.findings)
    of_person = _photos_of({finding.person for _, finding in worst if not finding.photos}, table)
    shown = []
    for number, finding in worst:
        paths = _paths_to_show(finding, table.root, of_person) if photos else []
        pictures = [_Picture(path.name, small_picture(path, _HEIGHT)) for path in paths]
        shown.append(_ShownFinding(number, finding, pictures))
    page = render_page(
        "audit.html.j2",
        "maskwise.audit",
        data=data,
        audit=audit,
        kinds=Counter(finding.kind for finding in audit.findings).most_common(),
        shown=shown,
    )
    write_text(path, page)


def _photos_of(persons: Set[str], table: PhotoTable) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = table.frame.select("person", "photo").filter(pl.col("person").is_in(list(persons)))
    for person, photo in rows.iter_rows():
        found.setdefault(person, []).append(photo)
    return found


def _paths_to_show(finding: Finding, root: Path, of_person: Mapping[str, list[str]]) -> list[Path]:
    """The finding's photos and those of other data; all of its person's where it names none."""
    named = finding.photos or (() if finding.elsewhere else of_person.get(finding.person, ()))
    return [*(root / name for name in named[:_MOST_PHOTOS]), *finding.elsewhere]


def _worst_of_each_kind(findings: Sequence[Finding]) -> list[tuple[int, Finding]]:
    """The findings to show, with their numbers: a frequent kind does not displace the others."""
    seen = Counter[str]()
    ranked: list[tuple[int, int, Finding]] = []
    for number, finding in enumerate(findings, start=1):
        seen[finding.kind] += 1
        ranked.append((seen[finding.kind], number, finding))
    # The worst of every kind, then the second worst of every kind, until the page is full.
    shown = sorted(ranked, key=lambda row: row[:2])[:MOST_FINDINGS]
    return sorted(((number, finding) for _, number, finding in shown), key=lambda row: row[0])
