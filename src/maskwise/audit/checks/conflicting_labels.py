"""Labels that differ between photos of a person although the attribute is constant over a person."""

from collections.abc import Iterator

import numpy as np

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, format_number
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.out_of_fold import Floats, Ints
from maskwise.audit.person_photos import PersonPhotos
from maskwise.tasks.label_space import UNKNOWN, Attribute


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    persons = PersonPhotos.of(inputs.usable)
    labels = inputs.usable.label_indices()
    for place, attribute in enumerate(inputs.usable.space.attributes):
        if attribute.constant:
            yield from _conflicts(persons, attribute, labels[:, place], persons.numbers(attribute))


def _conflicts(
    persons: PersonPhotos, attribute: Attribute, labels: Ints, numbers: Floats
) -> Iterator[Finding]:
    """At least one of the labels is wrong; the commonest is proposed for all photos, where there is one."""
    has_number = ~np.isnan(numbers)
    for person, rows in enumerate(persons.rows):
        known = rows[has_number[rows] | (labels[rows] != UNKNOWN)]
        by_number = bool(has_number[known].all())  # where only some have a number, bands are compared
        words = [format_number(numbers[row]) if by_number else attribute.values[labels[row]] for row in known]
        distinct, counts = np.unique(words, return_counts=True)
        if len(distinct) < 2:
            continue
        changes: tuple[Change, ...] = ()
        commonest = str(distinct[counts.argmax()])
        if (counts == counts.max()).sum() == 1 and (by_number or not has_number[known].any()):
            field = attribute.name if by_number else attribute.label_column
            changes = tuple(
                Change(persons.table.photo(row), field, word, commonest)
                for row, word in zip(known.tolist(), words, strict=True)
                if word != commonest
            )
        listed = ", ".join(f"{word} ({n})" for word, n in zip(distinct, counts, strict=True))
        yield persons.finding(
            person,
            kind=f"labels of {attribute.name} differ",
            reason=f"photos of the person are labelled {listed}",
            score=1.0,
            probability=1.0,
            changes=changes,
        )


CHECK = Check(
    name="conflicting labels of a person",
    needs=frozenset({Need.SCAN}),
    kinds=("labels of {attribute} differ",),
    find=_find,
)
