"""Scores with their intervals, from predictions, labels and persons."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError
from maskwise.metrics.bootstrap import Statistic, interval
from maskwise.metrics.classification import Floats, accuracy, class_f1, macro_f1, stacked_by_person
from maskwise.metrics.group_gaps import largest_gaps
from maskwise.runs.metrics import AttributeScores, ClassScore, Figure, Gap, GroupScores, Scores
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

FEW_PERSONS = 100
"""With fewer persons than this, simulated 95% intervals of macro F1 held the truth less than 95 times in 100."""

FEWEST_PERSONS = 20
"""Groups with fewer persons are counted and not scored: their intervals would say nothing."""

MOST_GROUPS = 12
"""A column with more values than this is not used for groups; it is an identifier or a number."""

Indices = npt.NDArray[np.int64]


def score(
    labels: Indices,
    predictions: Indices,
    persons: npt.NDArray[np.str_],
    space: LabelSpace,
    *,
    groups: Mapping[str, npt.NDArray[np.str_]],
    draws: int = 1000,
    seed: int = 0,
) -> Scores:
    """Scores with 95% intervals by bootstrap over persons; a score without photos is None.

    Args:
        labels: attribute indices (N, A), -1 where unknown; the joint scores need photos with all known.
        predictions: joint classes (N,).
        persons: whose photo each is (N,).
        space: the label space, with the score's boundaries.
        groups: additional columns (N,) by name; an empty string is unknown.
        draws: resamples of persons.
        seed: of the resampling.
    """
    _, person_index = np.unique(persons, return_inverse=True)
    bootstrap = _Bootstrap(person_index, draws, seed)
    classes = space.encode(labels)
    known = classes != UNKNOWN
    joint = bootstrap.counts(classes, predictions, known, space.n_classes)
    values = space.decode(predictions)
    named = _all_groups(labels, groups, space)
    scored = {
        column: _by_group(labels, predictions, column, names, space, bootstrap)
        for column, names in named.items()
    }
    measured = {
        column: [name for name, entry in entries.items() if entry.is_measured]
        for column, entries in scored.items()
    }
    gaps = largest_gaps(
        labels,
        predictions,
        person_index,
        measured,
        named,
        space,
        fewest=FEWEST_PERSONS,
        draws=draws,
        seed=seed,
    )
    n_persons = len(np.unique(person_index[known]))
    return Scores(
        macro_f1=bootstrap.figure(macro_f1, joint),
        accuracy=bootstrap.figure(accuracy, joint),
        attributes={
            attribute.name: _score_attribute(labels[:, place], values[:, place], attribute.values, bootstrap)
            for place, attribute in enumerate(space.attributes)
        },
        per_class=bootstrap.per_class(joint, space.class_names),
        confusion=_confusion(classes[known], predictions[known], space.n_classes),
        groups=scored,
        gaps=tuple(Gap.model_validate(gap, from_attributes=True) for gap in gaps),
        n_photos=int(known.sum()),
        n_persons=n_persons,
        few_persons=n_persons < FEW_PERSONS,
    )


@dataclass(frozen=True)
class _Bootstrap:
    """Statistics with their intervals over persons (N,), the same draws for all."""

    person_index: Indices
    draws: int
    seed: int

    def counts(
        self, labels: Indices, predictions: Indices, rows: npt.NDArray[np.bool_], n_classes: int
    ) -> Floats:
        """Counts by person (P, 3C) of some rows (N,)."""
        return stacked_by_person(labels[rows], predictions[rows], self.person_index[rows], n_classes)

    def figure(self, statistic: Statistic, counts: Floats) -> Figure | None:
        """One statistic of counts (P, 3C); None without photos."""
        if not len(counts):
            return None
        return _figure(*interval(statistic, counts, draws=self.draws, seed=self.seed))

    def per_class(self, counts: Floats, names: tuple[str, ...]) -> tuple[ClassScore, ...]:
        """F1 of each class, with the photos and persons that have it as their label."""
        n = len(names)
        labelled = counts[:, n : 2 * n]
        figures: list[Figure | None] = [None] * n
        if len(counts):
            found = interval(class_f1, counts, draws=self.draws, seed=self.seed)
            figures = [_figure(value, low, high) for value, low, high in zip(*found, strict=True)]
        return tuple(
            ClassScore(
                name=name,
                f1=figures[place],
                n_photos=int(labelled[:, place].sum()),
                n_persons=int((labelled[:, place] > 0).sum()),
            )
            for place, name in enumerate(names)
        )


def _figure(value: Floats, low: Floats, high: Floats) -> Figure:
    return Figure(value=round(float(value), 6), ci95=(round(float(low), 6), round(float(high), 6)))


def _score_attribute(
    labels: Indices, predictions: Indices, names: tuple[str, ...], bootstrap: _Bootstrap
) -> AttributeScores:
    """The scores of one attribute's indices (N,)."""
    own = labels != UNKNOWN
    counts = bootstrap.counts(labels, predictions, own, len(names))
    return AttributeScores(
        macro_f1=bootstrap.figure(macro_f1, counts),
        accuracy=bootstrap.figure(accuracy, counts),
        per_value=bootstrap.per_class(counts, names),
        confusion=_confusion(labels[own], predictions[own], len(names)),
    )


def _confusion(labels: Indices, predictions: Indices, n_classes: int) -> tuple[tuple[int, ...], ...]:
    flat = np.bincount(labels * n_classes + predictions, minlength=n_classes * n_classes)
    return tuple(tuple(row) for row in flat.reshape(n_classes, n_classes).tolist())


def _all_groups(
    labels: Indices, groups: Mapping[str, npt.NDArray[np.str_]], space: LabelSpace
) -> dict[str, npt.NDArray[np.str_]]:
    """The attributes themselves, then the additional columns."""
    own: dict[str, npt.NDArray[np.str_]] = {}
    for place, attribute in enumerate(space.attributes):
        names = np.array([*attribute.values, ""])
        own[attribute.label_column] = names[labels[:, place]]
    return own | {name: values for name, values in groups.items() if name not in own}


def _by_group(
    labels: Indices,
    predictions: Indices,
    column: str,
    names: npt.NDArray[np.str_],
    space: LabelSpace,
    bootstrap: _Bootstrap,
) -> dict[str, GroupScores]:
    values = space.decode(predictions)
    result: dict[str, GroupScores] = {}
    # A declared value that no photo has is a group too: with no persons, and unmeasured.
    declared = next((a.values for a in space.attributes if a.label_column == column), None)
    for name in declared or sorted(set(names.tolist()) - {""}):
        inside = names == name
        n_photos, n_persons = int(inside.sum()), len(np.unique(bootstrap.person_index[inside]))
        if n_persons < FEWEST_PERSONS:
            result[name] = GroupScores(n_photos=n_photos, n_persons=n_persons)
            continue
        classes = np.where(inside, space.encode(labels), UNKNOWN)
        joint = bootstrap.counts(classes, predictions, classes != UNKNOWN, space.n_classes)
        result[name] = GroupScores(
            n_photos=n_photos,
            n_persons=n_persons,
            accuracy=bootstrap.figure(accuracy, joint),
            attributes={
                attribute.name: bootstrap.figure(
                    accuracy,
                    bootstrap.counts(
                        labels[:, place],
                        values[:, place],
                        inside & (labels[:, place] != UNKNOWN),
                        len(attribute.values),
                    ),
                )
                for place, attribute in enumerate(space.attributes)
            },
        )
    return result


def grouping_columns(
    columns: Mapping[str, npt.NDArray[np.str_]], wanted: tuple[str, ...] | None
) -> dict[str, npt.NDArray[np.str_]]:
    """The columns to group by: those wanted, or all with 2 to 12 values."""
    if wanted is not None:
        if missing := [name for name in wanted if name not in columns]:
            raise InputError(
                f"Expected groups to name additional columns of the data ({', '.join(columns) or 'none'}), "
                f"got {missing[0]!r}."
            )
        return {name: columns[name] for name in wanted}
    return {
        name: values
        for name, values in columns.items()
        if 2 <= len(set(values.tolist()) - {""}) <= MOST_GROUPS
    }
