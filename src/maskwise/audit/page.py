"""An audit's `report.html`: findings with their photos side by side, proposals, and what is too rare."""

import base64
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from maskwise.audit.findings import Finding
from maskwise.data.decoding import PhotoError, decode, read_header, read_photo, reduction_for
from maskwise.data.table import PhotoTable
from maskwise.files import write_text

MOST = 200
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
            "pictures": [_picture(paths.get(name)) for name in finding.photos[:_MOST_PHOTOS]]
            if photos
            else [],
        }
        for number, finding in enumerate(findings[:MOST], start=1)
    ]
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("maskwise.audit"), PackageLoader("maskwise.evaluation")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    page = environment.get_template("audit.html.j2").render(
        data=data,
        kinds=Counter(finding.kind for finding in findings).most_common(),
        n_findings=len(findings),
        shown=shown,
        balance=balance,
        notes=notes,
        photos=photos,
    )
    write_text(path, page)


def _picture(path: Path | None) -> str | None:
    """A small picture as a data address; None for a photo that can't be shown."""
    if path is None:
        return None
    try:
        content = read_photo(path)
        header = read_header(content)
        size = (header.height, header.width)
        pixels = decode(content, header, reduction_for(size, _HEIGHT / header.height)).pixels
    except PhotoError:
        return None
    width = max(1, round(pixels.shape[1] * _HEIGHT / pixels.shape[0]))
    small = cv2.resize(pixels, (width, _HEIGHT), interpolation=cv2.INTER_AREA)
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(small), quality=80, colorsubsampling="420")
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
