"""Persons whom other data, such as an evaluation set, may contain too."""

from collections.abc import Iterator, Sequence

import numpy as np

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, Skipped, finding_about_photo
from maskwise.audit.inputs import MOST_CHANCE, AuditInputs, Need, why_not_matched
from maskwise.audit.person_photos import PHOTOS_SHOWN, person_or_photo_index, photos_by_person
from maskwise.audit.reidentification import PersonMatch, match_persons_across
from maskwise.audit.transformed_copies import Features
from maskwise.data.table import PhotoTable

_LIKELY = 0.5
"""Two names that are likelier one person than two are taken for one person when they are looked for in other data."""


def _find(inputs: AuditInputs) -> Iterator[Finding | Skipped]:
    for other in inputs.other_data:
        n_persons = len(np.unique(person_or_photo_index(other.usable)))
        if reason := why_not_matched(n_persons, other.name):
            yield Skipped(reason=reason, what=f"persons in {other.name}")
            continue
        yield from find_known_persons(
            inputs.usable, inputs.features, inputs.person_matches, other.usable, other.features, other.name
        )


def find_known_persons(
    table: PhotoTable,
    features: Features,
    matches: Sequence[PersonMatch],
    other: PhotoTable,
    other_features: Features,
    name: str,
) -> Iterator[Finding]:
    """Persons of a table whom other data may contain too, each reported once with its likeliest match.

    Args:
        table: the photos (N), of as many persons as can be compared.
        features: of them (N, F).
        matches: pairs of the table's persons who may be one. Likely ones are joined, as each of two similar persons
            would hide the other; findings are reported for both names.
        other: the other photos (M).
        other_features: of them (M, F).
        name: of the other data.
    """
    _, first_row, index = np.unique(table.persons, return_index=True, return_inverse=True)
    others = person_or_photo_index(other)
    own_photos, their_photos = photos_by_person(table, index), photos_by_person(other, others)
    joined = np.arange(len(first_row))
    for match in matches:
        if match.probability >= _LIKELY:
            joined[match.second] = match.first
    persons, of_name = np.unique(joined, return_inverse=True)
    reported = set[int]()
    for match in match_persons_across(features, of_name[index], other_features, others):
        if match.q_value > MOST_CHANCE:
            return
        if match.first in reported:
            continue
        reported.add(match.first)
        shown = their_photos[match.second][-PHOTOS_SHOWN:]
        reason = (
            f"looks like {shown[-1]} of {name} (similarity {match.similarity:.2f}); about {match.q_value:.0%} of the "
            "matches down to this one are expected by chance"
        )
        for own_name in np.flatnonzero(joined == persons[match.first]).tolist():
            yield finding_about_photo(
                table,
                int(first_row[own_name]),
                kind="may be a person of other data",
                reason=reason,
                score=match.margin,
                probability=match.probability,
                photos=tuple(own_photos[own_name][-PHOTOS_SHOWN:]),
                changes=(Change.exclusion(),),
                elsewhere=tuple(other.root / photo for photo in shown),
            )


CHECK = Check(
    name="persons in other data",
    needs=frozenset({Need.SCAN, Need.FEATURES, Need.PERSON_MATCHES, Need.OTHER_DATA}),
    kinds=("may be a person of other data",),
    find=_find,
)
