"""Pictures that many persons share: placeholders, which show none of them."""

from collections.abc import Iterator

import numpy as np

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.photo_copies import MOST_SHARING


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    table, n_sharing = inputs.usable, inputs.copies.n_sharing
    for row in np.flatnonzero(n_sharing > MOST_SHARING).tolist():
        yield finding_about_photo(
            table,
            row,
            kind="picture of many persons",
            reason=f"{n_sharing[row]:,} persons have this picture: it shows none of them",
            score=1.0,
            probability=1.0,
            changes=(Change.exclusion(table.photo(row)),),
        )


CHECK = Check(
    name="placeholder pictures",
    needs=frozenset({Need.SCAN, Need.COPIES}),
    kinds=("picture of many persons",),
    find=_find,
)
