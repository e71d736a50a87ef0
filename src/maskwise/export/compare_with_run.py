"""Compare the predictions of an exported file with its run's, and decide whether the file is good enough."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import FEW_PERSONS
from maskwise.export.check_photos import CheckPhotos
from maskwise.inference.engine import Probabilities
from maskwise.inference.exported import Check
from maskwise.metrics.classification import macro_f1, stacked_by_person
from maskwise.metrics.paired_difference import Difference, paired_difference
from maskwise.models.decision import Rule, decide
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

TOLERANCE = 1e-3
"""How much a probability of a single-precision file may differ from the run's: it adds up in another order."""

MIN_SAME_CLASS, MAX_LOSS = 0.98, 0.01
"""An int8 file must give the same class for at least this share of the photos, and the lower end of the interval of its
difference in macro F1 must not be below minus the second number."""


def compare_with_run(photos: CheckPhotos, actual: Probabilities, space: LabelSpace, rule: Rule) -> Check:
    """How the joint probabilities (N, C) of an exported file differ from the run's."""
    expected_classes, actual_classes = (decide(p, space, rule) for p in (photos.expected, actual))
    difference = _score_difference(photos, expected_classes, actual_classes, space)
    return Check(
        photos=len(photos.paths),
        persons=len(np.unique(photos.persons)),
        scored_on=photos.scored_on,
        same_class=float((expected_classes == actual_classes).mean()),
        largest_difference=float(np.abs(photos.expected - actual).max()),
        macro_f1_difference=None if difference is None else difference.value,
        ci95=None if difference is None else difference.ci95,
    )


def _score_difference(
    photos: CheckPhotos,
    expected: npt.NDArray[np.int64],
    actual: npt.NDArray[np.int64],
    space: LabelSpace,
) -> Difference | None:
    """The file's macro F1 minus the run's; None where no photo has all labels."""
    known = photos.labels != UNKNOWN
    if not known.any():
        return None
    counts = [
        stacked_by_person(photos.labels[known], classes[known], photos.persons[known], space.n_classes)
        for classes in (expected, actual)
    ]
    return paired_difference(macro_f1, *counts)


def require_same(check: Check, path: Path) -> None:
    """Refuse a single-precision file whose probabilities are not the run's.

    Raises:
        InputError: with the figures.
    """
    if not check.largest_difference <= TOLERANCE:
        raise InputError(
            f"Expected {path} to give the probabilities of the run within {TOLERANCE:g}, got differences of up to "
            f"{check.largest_difference:.2g} on {check.photos:,} photos: it is not written."
        )


def is_int8_good_enough(check: Check) -> bool:
    """Whether an int8 file may be written; never where no photo has labels to score it with."""
    return check.same_class >= MIN_SAME_CLASS and check.ci95 is not None and -check.ci95[0] <= MAX_LOSS


def describe_check(check: Check) -> str:
    """The figures of a check in words."""
    words = f"the same class on {check.same_class:.1%} of {check.photos:,} photos"
    if check.macro_f1_difference is None or check.ci95 is None:
        return words
    low, high = check.ci95
    words += f", macro F1 {check.macro_f1_difference:+.4f} ({low:+.4f} to {high:+.4f})"
    if check.largest_difference <= TOLERANCE or check.persons >= FEW_PERSONS:
        return words
    return f"{words}, {check.persons} persons: too few to tell"
