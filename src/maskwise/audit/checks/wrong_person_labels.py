"""Wrong labels of persons: what is constant over a person is judged by all photos together."""

from collections.abc import Iterator

import numpy as np
from scipy.special import softmax

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Change, Finding, format_number
from maskwise.audit.inputs import AuditInputs, Need
from maskwise.audit.label_errors import calibrate, find_label_errors, find_number_errors
from maskwise.audit.out_of_fold import Floats, Ints
from maskwise.audit.person_photos import PersonPhotos
from maskwise.tasks.label_space import UNKNOWN, Attribute


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    persons = PersonPhotos.of(inputs.usable)
    labels, predictions = inputs.usable.label_indices(), inputs.predictions
    for place, attribute in enumerate(inputs.usable.space.attributes):
        if not attribute.constant:
            continue
        name = attribute.name
        numbers = persons.numbers(attribute)
        if attribute.is_numeric:
            yield from _wrong_numbers(persons, attribute, predictions.numbers[name], numbers)
        # A number is more precise than its band: the band is judged only where there is no number.
        judged = predictions.label_in_training[name] & np.isnan(numbers)
        named = np.where(judged, labels[:, place], UNKNOWN)
        yield from _wrong_values(persons, attribute, predictions.probabilities[name], named)


def _wrong_values(
    persons: PersonPhotos, attribute: Attribute, probabilities: Floats, labels: Ints
) -> Iterator[Finding]:
    """By the mean of the log-probabilities over a person's photos.

    Photos of a person are alike, so that two are hardly more evidence than one: the mean is calibrated as such.
    """
    agreed = persons.unanimous(np.where(labels == UNKNOWN, np.nan, labels))
    own = np.nan_to_num(agreed, nan=UNKNOWN).astype(np.int64)
    mean = np.stack([persons.mean(column) for column in np.log(probabilities + 1e-9).T], axis=1)
    pooled = calibrate(softmax(mean, axis=1), own)
    errors = find_label_errors(pooled, own)
    for person in errors.worth_reporting():
        suggested = errors.suggested[person]
        old, new = attribute.values[own[person]], attribute.values[suggested]
        yield persons.finding(
            person,
            kind=f"wrong {attribute.name}",
            reason=f"{_photos_look(persons.counts[person])} {new} ({pooled[person, suggested]:.0%}), labelled {old}",
            score=float(1 - pooled[person, own[person]]),
            probability=float(errors.probability[person]),
            changes=(Change("", attribute.label_column, old, new),),
        )


def _wrong_numbers(
    persons: PersonPhotos, attribute: Attribute, predicted: Floats, numbers: Floats
) -> Iterator[Finding]:
    """By the mean prediction over a person's photos."""
    labels = persons.unanimous(numbers)
    if np.isnan(labels).all():
        return
    largest = float(np.nanmax(labels))
    cap = largest if largest in attribute.boundaries else None
    errors = find_number_errors(persons.mean(predicted), labels, cap)
    for person in errors.worth_reporting():
        new = _clip(errors.suggested[person], attribute, cap)
        if new == labels[person]:
            continue
        old_word, new_word = format_number(labels[person]), format_number(new)
        yield persons.finding(
            person,
            kind=f"wrong {attribute.name}",
            reason=f"{_photos_look(persons.counts[person])} like {new_word}, labelled {old_word}",
            score=float(abs(labels[person] - new)),
            probability=float(errors.probability[person]),
            changes=(Change("", attribute.name, old_word, new_word),),
        )


def _photos_look(count: int) -> str:
    return f"{count} photos together look" if count > 1 else "the photo looks"


def _clip(number: float, attribute: Attribute, cap: float | None) -> float:
    low, high = attribute.range or (-np.inf, np.inf)
    return float(np.clip(number, low, min(high, cap if cap is not None else high)))


CHECK = Check(
    name="wrong labels of persons",
    needs=frozenset({Need.SCAN, Need.PREDICTIONS}),
    kinds=("wrong {attribute}",),
    find=_find,
)
