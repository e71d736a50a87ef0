"""One person under two names: a ranked list of pairs, with the share of it that is expected by chance."""

from collections.abc import Iterator, Sequence

import numpy as np

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.person_photos import PHOTOS_SHOWN, photos_by_person
from maskwise.audit.reidentification import PersonMatch
from maskwise.data.corrections import PERSON
from maskwise.data.table import PhotoTable


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    return duplicate_identities(inputs.usable, inputs.person_matches)


def duplicate_identities(table: PhotoTable, matches: Sequence[PersonMatch]) -> Iterator[Finding]:
    """A finding for each pair of names that may be one person's; it proposes to rename the first to the second.

    Args:
        table: the photos (N).
        matches: of its persons, numbered in the order of their names.
    """
    names, first_row, index = np.unique(table.persons, return_index=True, return_inverse=True)
    photos = photos_by_person(table, index)
    for match in matches:
        first, second = str(names[match.first]), str(names[match.second])
        yield finding_about_photo(
            table,
            int(first_row[match.first]),
            kind="may be one person",
            reason=f"looks like {second} (similarity {match.similarity:.2f}); about {match.q_value:.0%} of the pairs "
            "down to this one are expected by chance",
            score=match.margin,
            probability=match.probability,
            photos=(*photos[match.first][-PHOTOS_SHOWN:], *photos[match.second][-PHOTOS_SHOWN:]),
            changes=(Change("", PERSON, first, second),),
        )


CHECK = Check(
    name="one person under two names",
    needs=frozenset({Need.SCAN, Need.PERSON_MATCHES}),
    kinds=("may be one person",),
    find=_find,
)
