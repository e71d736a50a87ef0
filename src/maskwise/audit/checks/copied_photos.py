"""Photos that show the same picture as a photo of another person; proposes to leave the copy out."""

from collections.abc import Iterator

from maskwise.audit.checks.check import Check
from maskwise.audit.copy_owner import find_copied_photos
from maskwise.audit.findings import Change, Finding, Skipped, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.photo_copies import why_not_aligned
from maskwise.data.table import PhotoTable

_NEAR_IDENTICAL = 0.9


def _find(inputs: AuditInputs) -> Iterator[Finding | Skipped]:
    table = inputs.usable
    reason = inputs.missing(Need.FEATURES) or why_not_aligned(table, "this data")
    if reason:
        yield Skipped(reason=reason, what="cropped and mirrored copies")
    sides = table.frame["split"].to_list()
    for copy in find_copied_photos(table.persons, inputs.copies.pairs, inputs.features_if_any):
        photo, original = table.photo(copy.row), table.photo(copy.original)
        sentence = f"{_name(table, copy.row)} shows the same picture as {_name(table, copy.original)}"
        one, two = sides[copy.row], sides[copy.original]
        if one and two and one != two:
            sentence += ", on the other side of the split"
        if copy.probability < 1:
            sentence += "; which of them is the copy is not known"
        yield finding_about_photo(
            table,
            copy.row,
            kind="identical photo" if copy.identical else "near-identical photo",
            reason=sentence,
            score=1.0,
            probability=copy.probability if copy.identical else _NEAR_IDENTICAL * copy.probability,
            photos=(photo, original),
            changes=(Change.exclusion(photo),),
        )


def _name(table: PhotoTable, row: int) -> str:
    person = table.frame["person"][row]
    return f"{table.photo(row)} of {person}" if person else table.photo(row)


CHECK = Check(
    name="photos copied between persons",
    needs=frozenset({Need.SCAN, Need.COPIES}),
    kinds=("identical photo", "near-identical photo"),
    find=_find,
)
