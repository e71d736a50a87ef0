"""Blank and dark photos, unusual sizes and colour modes, EXIF rotation, and suffixes that are not the format's."""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
import polars as pl

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need

DARK_MEAN, BLANK_SPREAD = 18.0, 4.0
"""Grey levels, 0 to 255: a thumbnail with a lower mean is dark, one with a lower standard deviation blank."""

_USUAL_SIZE_SHARE, _UNUSUAL_MODE_SHARE = 0.8, 0.2

_JPEG = (".jpg", ".jpeg")
_SUFFIXES = {"JPEG": _JPEG, "MPO": (*_JPEG, ".mpo"), "PNG": (".png",), "WEBP": (".webp",)}


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    table, frame = inputs.table, inputs.scan.frame
    known = frame.filter(pl.col("thumb").is_not_null())
    sizes = Counter(zip(known["height"], known["width"], strict=True))
    modes = Counter(known["mode"])
    usual = sizes.most_common(1)[0][0] if sizes else None
    columns = ("thumb", "orientation", "height", "width", "mode", "format")
    for row, (thumb, orientation, height, width, mode, image_format) in enumerate(
        frame.select(columns).iter_rows()
    ):
        if thumb is None:
            continue
        levels = np.frombuffer(thumb, dtype=np.uint8).astype(np.float64)
        kinds = []
        if levels.std() < BLANK_SPREAD:
            kinds.append("blank photo")
        elif levels.mean() < DARK_MEAN:
            kinds.append("dark photo")
        if orientation not in (None, 1):
            kinds.append("rotated by EXIF")
        if usual is not None and (height, width) != usual and sizes[usual] > _USUAL_SIZE_SHARE * known.height:
            kinds.append("unusual size")
        if modes[mode] < _UNUSUAL_MODE_SHARE * known.height:
            kinds.append("unusual mode")
        suffix = PurePosixPath(table.photo(row)).suffix.lower()
        if suffix not in _SUFFIXES.get(image_format, (suffix,)):
            kinds.append("misnamed file")
        for kind in kinds:
            blank = kind == "blank photo"
            yield finding_about_photo(
                table,
                row,
                kind=kind,
                reason=f"{width} x {height} pixels, {image_format}, {mode}, mean {levels.mean():.0f}, spread "
                f"{levels.std():.0f}",
                score=0.3,
                probability=0.9 if blank else None,
                changes=(Change.exclusion(table.photo(row)),) if blank else (),
            )


CHECK = Check(
    name="image properties",
    needs=frozenset({Need.SCAN}),
    kinds=(
        "blank photo",
        "dark photo",
        "rotated by EXIF",
        "unusual size",
        "unusual mode",
        "misnamed file",
    ),
    find=_find,
)
