"""Photos that other data, such as an evaluation set, contain too."""

from collections.abc import Iterator

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, Skipped, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.photo_copies import find_copies_across, why_not_aligned


def _find(inputs: AuditInputs) -> Iterator[Finding | Skipped]:
    table, features = inputs.usable, inputs.features_if_any
    for other in inputs.other_data:
        theirs = other.usable
        their_features = other.features if features is not None and len(theirs) else None
        pairs = find_copies_across(
            table,
            inputs.usable_scan,
            features,
            theirs,
            other.usable_scan,
            their_features,
            inputs.reporter.progress(f"comparing photos with {other.name}"),
        )
        for pair in pairs:
            photo, their_photo = table.photo(pair.first), theirs.photo(pair.second)
            yield finding_about_photo(
                table,
                pair.first,
                kind="photo of other data",
                reason=f"{'identical' if pair.identical else 'nearly identical'} to {their_photo} of {other.name}",
                score=1.0,
                probability=1.0 if pair.identical else 0.9,
                changes=(Change.exclusion(photo),),
                elsewhere=(theirs.root / their_photo,),
            )
        if features is not None and (reason := why_not_aligned(theirs, other.name)):
            yield Skipped(reason=reason, what=f"cropped and mirrored copies in {other.name}")


CHECK = Check(
    name="photos in other data",
    needs=frozenset({Need.SCAN, Need.OTHER_DATA}),
    kinds=("photo of other data",),
    find=_find,
)
