"""Persons whose photos the table's own split column puts on both sides."""

from collections.abc import Iterator

import polars as pl

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding
from maskwise.audit.inputs import AuditInputs, Need


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    sides = inputs.usable.frame.filter(pl.col("split").is_not_null() & pl.col("person").is_not_null())
    mixed = (
        sides.group_by("person", maintain_order=True)
        .agg(pl.col("split").n_unique().alias("n"), pl.col("id").first(), pl.col("photo"))
        .filter(pl.col("n") > 1)
    )
    for person, _, known_id, photos in mixed.iter_rows():
        yield Finding(
            kind="person on both sides",
            person=person,
            id=str(known_id or ""),
            photos=tuple(photos),
            reason="the split column has photos of the person on both sides, which inflates a score",
            score=1.0,
            probability=1.0,
        )


CHECK = Check(
    name="persons on both sides of the split",
    needs=frozenset({Need.SCAN}),
    kinds=("person on both sides",),
    find=_find,
)
