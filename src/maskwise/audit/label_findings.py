"""Label findings: what is constant over a person decided by all photos together, the rest photo by photo."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.audit.findings import Change, Finding, number_in_words
from maskwise.audit.label_errors import Doubt, Swap, calibrate, doubt_labels, doubt_numbers, find_swaps
from maskwise.audit.out_of_fold import Bools, Floats, Ints, OutOfFoldLabels
from maskwise.data.table import PhotoTable
from maskwise.tasks.label_space import UNKNOWN, Attribute

LEAST, _MORE_THAN_USUAL = 0.02, 1.5
"""Findings less likely than this, or hardly likelier than a label that nobody has looked at, are not told."""


@dataclass(frozen=True)
class _Persons:
    """The persons (P) of a table, and whose each photo (N) is."""

    table: PhotoTable
    names: npt.NDArray[np.str_]
    index: Ints
    counts: Ints
    rows: list[Ints]

    def mean(self, values: Floats) -> Floats:
        """The mean (P,) over each person's photos (N,)."""
        return np.bincount(self.index, weights=values, minlength=len(self.names)) / self.counts

    def finding(
        self, k: int, kind: str, reason: str, score: float, probability: float, *changes: Change
    ) -> Finding:
        """A finding about a person, with all photos."""
        rows = self.rows[k].tolist()
        photos = tuple(self.table.photo(row) for row in rows)
        known_id = str(self.table.frame["id"][rows[0]] or "")
        return Finding(kind, str(self.names[k]), known_id, photos, reason, score, probability, changes)


def label_findings(table: PhotoTable, told: OutOfFoldLabels) -> list[Finding]:
    """Labels that differ inside persons, wrong labels of persons, exchanged photos, and single wrong labels."""
    names, index, counts = np.unique(table.persons, return_inverse=True, return_counts=True)
    rows = np.split(np.argsort(index, kind="stable"), np.cumsum(counts)[:-1])
    persons = _Persons(table, names, index, counts, rows)
    indices = table.label_indices()
    found: list[Finding] = []
    for place, attribute in enumerate(table.space.attributes):
        labels, known = indices[:, place], told.learnt[attribute.name]
        probabilities = told.probabilities[attribute.name]
        if not attribute.constant:
            found += _of_photos(persons, attribute, probabilities, np.where(known, labels, UNKNOWN))
            continue
        numbers = np.full(len(table), np.nan)
        if attribute.is_numeric:
            numbers = table.frame[attribute.name].cast(float).fill_null(float("nan")).to_numpy()
            found += _of_numbers(persons, attribute, told.numbers[attribute.name], numbers)
        found += _disagreeing(persons, attribute, labels, numbers)
        # A number says more than its band: only what has no number is decided by the band.
        named = np.where(known & np.isnan(numbers), labels, UNKNOWN)
        found += _of_persons(persons, attribute, probabilities, named)
    return found


def _disagreeing(persons: _Persons, attribute: Attribute, labels: Ints, numbers: Floats) -> Iterator[Finding]:
    """Persons whose photos have different labels of what is constant over a person: one of them must be wrong."""
    numbered = ~np.isnan(numbers)
    for k, rows in enumerate(persons.rows):
        known = rows[numbered[rows] | (labels[rows] != UNKNOWN)]
        by_number = bool(numbered[known].all())  # else a number says no more than its band
        words = [
            number_in_words(numbers[row]) if by_number else attribute.values[labels[row]] for row in known
        ]
        distinct, counts = np.unique(words, return_counts=True)
        if len(distinct) < 2:
            continue
        said = ", ".join(f"{word} ({n})" for word, n in zip(distinct, counts, strict=True))
        changes: list[Change] = []
        commonest = str(distinct[counts.argmax()])
        if (counts == counts.max()).sum() == 1 and (by_number or not numbered[known].any()):
            field = attribute.name if by_number else attribute.label_column
            changes = [
                Change(persons.table.photo(row), field, word, commonest)
                for row, word in zip(known.tolist(), words, strict=True)
                if word != commonest
            ]
        yield persons.finding(
            k, f"labels of {attribute.name} differ", f"the person's photos say {said}", 1.0, 1.0, *changes
        )


def _unanimous(persons: _Persons, values: Floats) -> Floats:
    """What all photos (N,) of a person say that say something (P,), NaN where none does or they differ."""
    known = ~np.isnan(values)
    filled = np.where(known, values, -np.inf)
    top = np.full(len(persons.names), -np.inf)
    np.maximum.at(top, persons.index, filled)
    same = np.isfinite(top)
    np.logical_and.at(same, persons.index, (filled == top[persons.index]) | ~known)
    return np.where(same, top, np.nan)


def _of_persons(
    persons: _Persons, attribute: Attribute, probabilities: Floats, labels: Ints
) -> Iterator[Finding]:
    """Constant attributes: the mean of the log-probabilities over a person's photos, calibrated as such."""
    agreed = _unanimous(persons, np.where(labels == UNKNOWN, np.nan, labels))
    own = np.nan_to_num(agreed, nan=UNKNOWN).astype(np.int64)
    mean = np.stack([persons.mean(column) for column in np.log(probabilities + 1e-9).T], axis=1)
    pooled = np.exp(mean - mean.max(axis=1, keepdims=True))
    pooled /= pooled.sum(axis=1, keepdims=True)
    # Photos of a person are alike, so that two say little more than one: how much is found from the data.
    pooled = calibrate(pooled, own)
    doubt = doubt_labels(pooled, own)
    for k in _worth_telling(doubt):
        old, new = attribute.values[own[k]], attribute.values[doubt.instead[k]]
        share = pooled[k, doubt.instead[k]]
        yield persons.finding(
            k,
            f"wrong {attribute.name}",
            f"{_photos(persons.counts[k])} say {new} ({share:.0%}), the label says {old}",
            float(1 - pooled[k, own[k]]),
            float(doubt.probability[k]),
            Change("", attribute.label_column, old, new),
        )


def _worth_telling(doubt: Doubt) -> list[int]:
    return np.flatnonzero(doubt.probability >= max(LEAST, _MORE_THAN_USUAL * doubt.share)).tolist()


def _photos(count: int) -> str:
    return f"{count} photos together" if count > 1 else "the photo"


def _of_numbers(
    persons: _Persons, attribute: Attribute, predicted: Floats, numbers: Floats
) -> Iterator[Finding]:
    """Numbers: the mean prediction over a person's photos against the label."""
    labels = _unanimous(persons, numbers)
    if np.isnan(labels).all():
        return
    largest = float(np.nanmax(labels))
    cap = largest if largest in attribute.boundaries else None
    doubt = doubt_numbers(persons.mean(predicted), labels, cap)
    for k in _worth_telling(doubt):
        new = _inside(doubt.instead[k], attribute, cap)
        if new == labels[k]:
            continue
        old_word, new_word = number_in_words(labels[k]), number_in_words(new)
        yield persons.finding(
            k,
            f"wrong {attribute.name}",
            f"{_photos(persons.counts[k])} look like {new_word}, the label says {old_word}",
            float(abs(labels[k] - new)),
            float(doubt.probability[k]),
            Change("", attribute.name, old_word, new_word),
        )


def _inside(number: float, attribute: Attribute, cap: float | None) -> float:
    low, high = attribute.range or (-np.inf, np.inf)
    return float(np.clip(number, low, min(high, cap if cap is not None else high)))


def _of_photos(
    persons: _Persons, attribute: Attribute, probabilities: Floats, labels: Ints
) -> Iterator[Finding]:
    """What varies from photo to photo: exchanged files first, then single photos that no exchange explains."""
    table = persons.table
    probabilities = calibrate(probabilities, labels)
    swaps = find_swaps(probabilities, labels, persons.index, least=LEAST)
    explained: Bools = np.zeros(len(table), dtype=bool)
    for swap in swaps:
        explained[[swap.first, swap.second]] = True
        yield _swap_finding(persons, attribute, swap, labels)
    doubt = doubt_labels(probabilities, labels)
    for row in _worth_telling(doubt):
        if explained[row]:
            continue
        old, new = attribute.values[labels[row]], attribute.values[doubt.instead[row]]
        photo = table.photo(row)
        yield Finding(
            f"wrong {attribute.name}",
            str(persons.names[persons.index[row]]),
            str(table.frame["id"][row] or ""),
            (photo,),
            f"looks {new} ({probabilities[row, doubt.instead[row]]:.0%}), the label says {old}",
            float(1 - probabilities[row, labels[row]]),
            float(doubt.probability[row]),
            (Change(photo, attribute.label_column, old, new),),
        )


def _swap_finding(persons: _Persons, attribute: Attribute, swap: Swap, labels: Ints) -> Finding:
    table = persons.table
    first, second = table.photo(swap.first), table.photo(swap.second)
    one, two = attribute.values[labels[swap.first]], attribute.values[labels[swap.second]]
    field = attribute.label_column
    return Finding(
        "exchanged photos",
        str(persons.names[persons.index[swap.first]]),
        str(table.frame["id"][swap.first] or ""),
        (first, second),
        f"labelled {one} and {two}, each looks like the other",
        swap.gain,
        swap.probability,
        (Change(first, field, one, two), Change(second, field, two, one)),
    )
