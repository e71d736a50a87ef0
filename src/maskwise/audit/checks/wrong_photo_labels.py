"""Wrong labels of single photos, and labels exchanged between two photos of a person."""

from collections.abc import Iterator

import numpy as np

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, finding_about_photo
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.label_errors import (
    LEAST_PROBABILITY,
    SwappedLabels,
    calibrate,
    find_label_errors,
    find_swapped_labels,
)
from maskwise.audit.out_of_fold import Bools, Floats, Ints
from maskwise.audit.person_photos import PersonPhotos
from maskwise.data.table import PhotoTable
from maskwise.tasks.label_space import UNKNOWN, Attribute


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    persons = PersonPhotos.of(inputs.usable)
    labels, predictions = inputs.usable.label_indices(), inputs.predictions
    for place, attribute in enumerate(inputs.usable.space.attributes):
        if not attribute.constant:
            name = attribute.name
            known = np.where(predictions.label_in_training[name], labels[:, place], UNKNOWN)
            yield from _wrong_labels(persons, attribute, predictions.probabilities[name], known)


def _wrong_labels(
    persons: PersonPhotos, attribute: Attribute, probabilities: Floats, labels: Ints
) -> Iterator[Finding]:
    """Exchanged labels first, then wrong labels of photos that no exchange explains."""
    table = persons.table
    probabilities = calibrate(probabilities, labels)
    explained: Bools = np.zeros(len(table), dtype=bool)
    for swap in find_swapped_labels(probabilities, labels, persons.index, least=LEAST_PROBABILITY):
        explained[[swap.first, swap.second]] = True
        yield _swap_finding(table, attribute, swap, labels)
    errors = find_label_errors(probabilities, labels)
    for row in errors.worth_reporting():
        if explained[row]:
            continue
        suggested = errors.suggested[row]
        old, new = attribute.values[labels[row]], attribute.values[suggested]
        photo = table.photo(row)
        yield finding_about_photo(
            table,
            row,
            kind=f"wrong {attribute.name}",
            reason=f"looks {new} ({probabilities[row, suggested]:.0%}), labelled {old}",
            score=float(1 - probabilities[row, labels[row]]),
            probability=float(errors.probability[row]),
            changes=(Change(photo, attribute.label_column, old, new),),
        )


def _swap_finding(table: PhotoTable, attribute: Attribute, swap: SwappedLabels, labels: Ints) -> Finding:
    first, second = table.photo(swap.first), table.photo(swap.second)
    one, two = attribute.values[labels[swap.first]], attribute.values[labels[swap.second]]
    field = attribute.label_column
    return finding_about_photo(
        table,
        swap.first,
        kind="exchanged photos",
        reason=f"labelled {one} and {two}, each looks like the other",
        score=swap.gain,
        probability=swap.probability,
        photos=(first, second),
        changes=(Change(first, field, one, two), Change(second, field, two, one)),
    )


CHECK = Check(
    name="wrong and exchanged labels of photos",
    needs=frozenset({Need.SCAN, Need.PREDICTIONS}),
    kinds=("exchanged photos", "wrong {attribute}"),
    find=_find,
)
