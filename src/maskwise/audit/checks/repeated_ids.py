"""Ids that several persons have."""

from collections.abc import Iterator, Sequence

import polars as pl

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding
from maskwise.audit.inputs import AuditInputs
from maskwise.data.table import PhotoTable


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    table = inputs.table
    if table.frame["id"].null_count() == len(table):
        return
    pairs = table.frame.select("id", "person").unique().drop_nulls()
    persons_of_id = pairs.group_by("id").agg(pl.col("person").sort())
    repeated = persons_of_id.filter(pl.col("person").list.len() > 1).sort("id")
    for known_id, persons in repeated.iter_rows():
        yield Finding(
            kind="repeated id",
            person=persons[0],
            id=known_id,
            photos=_first_photos(table, persons),
            reason=f"id {known_id} belongs to {', '.join(persons)}",
            score=0.5,
        )


def _first_photos(table: PhotoTable, persons: Sequence[str]) -> tuple[str, ...]:
    of_them = table.frame.filter(pl.col("person").is_in(persons))
    return tuple(of_them.group_by("person", maintain_order=True).agg(pl.col("photo").first())["photo"])


CHECK = Check(name="repeated ids", needs=frozenset(), kinds=("repeated id",), find=_find)
