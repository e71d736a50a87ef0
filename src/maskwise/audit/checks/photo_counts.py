"""Persons with fewer or more usable photos than most persons have."""

from collections import Counter
from collections.abc import Iterator

import polars as pl

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding
from maskwise.audit.inputs import AuditInputs, Need


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    table = inputs.table
    if table.frame["person"].null_count():
        return
    usable = table.frame.with_columns(pl.Series("usable", inputs.scan.usable))
    counts = usable.group_by("person", maintain_order=True).agg(pl.col("usable").sum(), pl.col("id").first())
    if not counts.height:
        return
    usual, n_usual = Counter(counts["usable"].to_list()).most_common(1)[0]
    if 2 * n_usual <= counts.height:  # no number is usual
        return
    odd = counts.filter(pl.col("usable") != usual).select("person", "usable", "id")
    for person, n, known_id in odd.iter_rows():
        yield Finding(
            kind="few photos" if n < usual else "many photos",
            person=person,
            id=str(known_id or ""),
            reason=f"{n} usable photos, most persons have {usual}",
            score=0.1,
        )


CHECK = Check(
    name="photos per person",
    needs=frozenset({Need.SCAN}),
    kinds=("few photos", "many photos"),
    find=_find,
)
