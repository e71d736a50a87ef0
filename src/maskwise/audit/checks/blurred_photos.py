"""Photos with far less detail than the others."""

from collections.abc import Iterator

import numpy as np

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.sharpness import is_blurred, measure_sharpness


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    table = inputs.usable
    sharpness = measure_sharpness(table.paths, inputs.reporter.progress("measuring sharpness"))
    for row in np.flatnonzero(is_blurred(sharpness)).tolist():
        yield finding_about_photo(
            table,
            row,
            kind="blurred photo",
            reason=f"far less detail than in the other photos (log variance {sharpness[row]:.1f})",
            score=0.3,
        )


CHECK = Check(name="blurred photos", needs=frozenset({Need.SCAN}), kinds=("blurred photo",), find=_find)
