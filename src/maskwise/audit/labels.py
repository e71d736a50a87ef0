"""Label findings: what is constant over a person decided by all photos together, the mask's status photo by photo."""

import numpy as np
import numpy.typing as npt

from maskwise.audit.agreement import Swap, doubt_labels, doubt_numbers, find_swaps
from maskwise.audit.findings import Change, Finding
from maskwise.audit.out_of_fold import Floats, Ints, OutOfFoldLabels
from maskwise.data.table import PhotoTable
from maskwise.labels.space import Attribute

LEAST = 0.05
"""Findings less likely than this are not told."""

_WITNESSES = 2.0
"""Independent looks that a person's photos are taken for: they are alike, and often of one source."""


def label_findings(table: PhotoTable, told: OutOfFoldLabels) -> list[Finding]:
    """Wrong labels of persons, exchanged photos, and single photos with a wrong label."""
    persons, index = np.unique(table.persons, return_inverse=True)
    indices = table.label_indices()
    found: list[Finding] = []
    for place, attribute in enumerate(table.space.attributes):
        if not attribute.constant:
            found += _of_photos(
                table, attribute, told.probabilities[attribute.name], indices[:, place], index
            )
        elif attribute.is_numeric:
            found += _of_numbers(table, attribute, told.numbers[attribute.name], persons, index)
        else:
            found += _of_persons(
                table, attribute, told.probabilities[attribute.name], indices[:, place], persons, index
            )
    return found


def _first_rows(index: Ints) -> Ints:
    return np.asarray(np.unique(index, return_index=True)[1], dtype=np.int64)


def _of_persons(
    table: PhotoTable,
    attribute: Attribute,
    probabilities: Floats,
    labels: Ints,
    persons: npt.NDArray[np.str_],
    index: Ints,
) -> list[Finding]:
    """Constant attributes: the mean of the log-probabilities over a person's photos."""
    first = _first_rows(index)
    counts = np.bincount(index)
    mean = np.stack([np.bincount(index, weights=column) for column in np.log(probabilities + 1e-9).T], axis=1)
    pooled = np.exp(mean / counts[:, None])
    pooled /= pooled.sum(axis=1, keepdims=True)
    doubt = doubt_labels(pooled, labels[first], np.minimum(_WITNESSES, counts.max(initial=1)))
    found = []
    for k in np.flatnonzero(doubt.probability >= LEAST):
        old, new = attribute.values[labels[first[k]]], attribute.values[doubt.instead[k]]
        reason = (
            f"{counts[k]} photos together say {new} ({pooled[k, doubt.instead[k]]:.0%}), the label says {old}"
        )
        found.append(
            Finding(
                f"wrong {attribute.name}",
                str(persons[k]),
                str(table.frame["id"][int(first[k])] or ""),
                _photos_of(table, index, int(k)),
                reason,
                float(1 - pooled[k, labels[first[k]]]),
                float(doubt.probability[k]),
                (Change("", attribute.name, old, new),),
            )
        )
    return found


def _of_numbers(
    table: PhotoTable, attribute: Attribute, predicted: Floats, persons: npt.NDArray[np.str_], index: Ints
) -> list[Finding]:
    """Numbers: the mean prediction over a person's photos against the label."""
    first, counts = _first_rows(index), np.bincount(index)
    labels = table.frame[attribute.name].cast(float).to_numpy()[first]
    mean = np.bincount(index, weights=predicted) / counts
    top = float(np.nanmax(labels)) if (~np.isnan(labels)).any() else 0.0
    cap = top if top in attribute.boundaries else None
    doubt = doubt_numbers(_unshrunk(mean, labels), labels, cap)
    found = []
    for k in np.flatnonzero(doubt.probability >= LEAST):
        reason = f"{counts[k]} photos together look like {doubt.instead[k]}, the label says {labels[k]:g}"
        found.append(
            Finding(
                f"wrong {attribute.name}",
                str(persons[k]),
                str(table.frame["id"][int(first[k])] or ""),
                _photos_of(table, index, int(k)),
                reason,
                float(abs(labels[k] - doubt.instead[k])),
                float(doubt.probability[k]),
                (
                    Change(
                        "",
                        attribute.name,
                        f"{labels[k]:g}",
                        str(int(_inside(doubt.instead[k], attribute, cap))),
                    ),
                ),
            )
        )
    return found


def _unshrunk(predicted: Floats, labels: Floats) -> Floats:
    """Predictions stretched to the spread of the labels: a regression draws them to the mean, so the old look young."""
    known = ~np.isnan(labels)
    if known.sum() < 3 or np.ptp(predicted[known]) == 0:
        return predicted
    slope, offset = np.polyfit(predicted[known], labels[known], 1)
    return np.asarray(offset + max(slope, 0.1) * predicted)


def _inside(number: float, attribute: Attribute, cap: float | None) -> float:
    low, high = attribute.range or (-np.inf, np.inf)
    return float(np.clip(number, low, min(high, cap if cap is not None else high)))


def _of_photos(
    table: PhotoTable, attribute: Attribute, probabilities: Floats, labels: Ints, index: Ints
) -> list[Finding]:
    """What varies from photo to photo: exchanged files first, then single photos that no exchange explains."""
    swaps = find_swaps(probabilities, labels, index, least=LEAST) if (np.bincount(index) > 1).any() else []
    explained = {row for swap in swaps for row in (swap.first, swap.second)}
    found = [_swap_finding(table, attribute, swap, labels) for swap in swaps]
    doubt = doubt_labels(probabilities, labels)
    for row in np.flatnonzero(doubt.probability >= LEAST).tolist():
        if row in explained:
            continue
        old, new = attribute.values[labels[row]], attribute.values[doubt.instead[row]]
        photo = table.photos[row]
        found.append(
            Finding(
                f"wrong {attribute.name}",
                str(table.persons[row]),
                str(table.frame["id"][row] or ""),
                (photo,),
                f"looks {new} ({probabilities[row, doubt.instead[row]]:.0%}), the label says {old}",
                float(1 - probabilities[row, labels[row]]),
                float(doubt.probability[row]),
                (Change(photo, attribute.name, old, new),),
            )
        )
    return found


def _swap_finding(table: PhotoTable, attribute: Attribute, swap: Swap, labels: Ints) -> Finding:
    first, second = table.photos[swap.first], table.photos[swap.second]
    one, two = attribute.values[labels[swap.first]], attribute.values[labels[swap.second]]
    return Finding(
        "exchanged photos",
        str(table.persons[swap.first]),
        str(table.frame["id"][swap.first] or ""),
        (first, second),
        f"labelled {one} and {two}, each looks like the other",
        swap.gain,
        swap.probability,
        (Change(first, attribute.name, one, two), Change(second, attribute.name, two, one)),
    )


def _photos_of(table: PhotoTable, index: Ints, person: int) -> tuple[str, ...]:
    return tuple(table.photos[row] for row in np.flatnonzero(index == person).tolist())
