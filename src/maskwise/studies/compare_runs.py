"""`compare`: are these models different, are these recipes different, and which variables could be the cause."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import FEW_PERSONS, FEWEST_PERSONS
from maskwise.metrics.classification import Floats, class_f1, count_by_person, macro_f1
from maskwise.metrics.paired_difference import Difference, holm, paired_difference
from maskwise.metrics.seed_variance import RecipeDifference, corrected_t, recipe_difference, recipe_verdict
from maskwise.models.decision import decide
from maskwise.recipes.recipe_values import differing_values, differing_variables
from maskwise.runs.predictions import persons_of, probability_columns
from maskwise.runs.run import Run
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

MARGIN = 0.02


@dataclass(frozen=True)
class Compared:
    """A difference of two runs in one respect, and the conclusion."""

    what: str
    difference: Difference
    p: float  # adjusted for the number of comparisons of its family
    verdict: str


@dataclass(frozen=True)
class Pair:
    """Everything about B against A."""

    first: str
    second: str
    main: Compared
    details: list[Compared]
    variables: dict[str, tuple[str, str]]  # the values of A and B
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """The outcome of `compare`: pairs of models against the first, and recipes that have enough seeds."""

    pairs: list[Pair]
    recipes: list[tuple[str, str, RecipeDifference, str]]
    n_photos: int
    n_persons: int
    margin: float
    notes: list[str]


def compare(
    runs: Sequence[Run],
    *,
    margin: float = MARGIN,
    details: bool = True,
) -> Comparison:
    """Compare runs with the first of them, on the photos that all of them have held out.

    Args:
        runs: two or more finished runs, all opened on the same evaluation, or none.
        margin: the smallest difference of macro F1 that matters.
        details: whether attributes, classes and groups are compared too, which takes most of the time.

    Raises:
        InputError: when a run can't be read, or they share no photos, or disagree about labels.
    """
    if len(runs) < 2:
        raise InputError(f"Expected at least two runs to compare, got {len(runs)}.")
    resolved = [run.path.resolve() for run in runs]
    if len(set(resolved)) < len(resolved):
        raise InputError("Expected different runs, got the same folder twice.")
    if not 0 < margin < 1:
        raise InputError(f"Expected a margin between 0 and 1, got {margin:g}.", setting="margin")
    notes = _check_alike(runs)
    _check_decisions(runs)
    splits = _by_split(runs)
    if len(splits) > 1 and all(len(_by_recipe(group)) > 1 for group in splits):
        return _compare_over_splits(splits, margin, notes, details)
    aligned = _align(runs, notes)
    if aligned.n_persons < FEW_PERSONS:
        notes.append(
            f"only {aligned.n_persons} persons: with fewer than {FEW_PERSONS} the intervals are too narrow"
        )
    pairs = _compare_models(runs, aligned, margin, details)
    recipes = _compare_recipes(runs, aligned, margin)
    return Comparison(pairs, recipes, len(aligned.labels), aligned.n_persons, margin, notes)


def _compare_models(runs: Sequence[Run], aligned: "_Aligned", margin: float, details: bool) -> list[Pair]:
    baseline, others = runs[0], runs[1:]
    of_baseline = aligned.counts(baseline)
    raw = [paired_difference(macro_f1, of_baseline, aligned.counts(other)) for other in others]
    adjusted = holm([difference.p for difference in raw])
    pairs = []
    for other, difference, p in zip(others, raw, adjusted, strict=True):
        variables = differing_variables(baseline.values, other.values)
        main = Compared("macro F1", difference, p, difference.verdict(margin, p))
        looked = _details(aligned, baseline, other, margin) if details else []
        pairs.append(Pair(baseline.name, other.name, main, looked, variables, _cause(list(variables))))
    return pairs


def _compare_over_splits(
    splits: list[list[Run]], margin: float, notes: list[str], details: bool
) -> Comparison:
    """Recipes over several splits: the persons differ from split to split, so each is a repetition of its own."""
    pairs: list[Pair] = []
    photos, persons = 0, 0
    of_recipe: dict[int, list[float]] = {}
    recipes = _by_recipe([run for group in splits for run in group])
    shares = []
    for group in splits:
        group.sort(
            key=lambda run: run not in recipes[0]
        )  # the first run's recipe is the baseline in every split
        aligned = _align(group, notes)
        photos, persons = photos + len(aligned.labels), persons + aligned.n_persons
        pairs += _compare_models(group, aligned, margin, details)
        split = group[0].lineage.split
        shares.append(split.n_held_out / max(1, split.n_train))
        scores = [
            [float(macro_f1(aligned.counts(run).sum(axis=0))) for run in recipe if run in group]
            for recipe in recipes
        ]
        for place in range(1, len(recipes)):
            if scores[0] and scores[place]:
                of_recipe.setdefault(place, []).append(float(np.mean(scores[place]) - np.mean(scores[0])))
    found = {k: corrected_t(np.array(d), float(np.mean(shares))) for k, d in of_recipe.items() if len(d) > 1}
    adjusted = holm([difference.p for difference in found.values()])
    rows = [
        (_named(recipes[0]), _named(recipes[place]), difference, recipe_verdict(difference, p, margin))
        for (place, difference), p in zip(found.items(), adjusted, strict=True)
    ]
    together = holm([pair.main.difference.p for pair in pairs])
    pairs = [
        replace(pair, main=replace(pair.main, p=p, verdict=pair.main.difference.verdict(margin, p)))
        for pair, p in zip(pairs, together, strict=True)
    ]
    notes.append(f"{len(splits)} splits: models are compared within each, recipes over all of them")
    return Comparison(pairs, rows, photos, persons, margin, notes)


def _by_split(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs grouped by the photos that they held out."""
    groups: dict[frozenset[str], list[Run]] = {}
    for run in runs:
        groups.setdefault(frozenset(run.predictions["photo"]), []).append(run)
    return list(groups.values())


def _by_recipe(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs grouped by recipe, seeds aside, in the order they come."""
    groups: list[list[Run]] = []
    for run in runs:
        alike = next((group for group in groups if not differing_values([group[0].values, run.values])), None)
        if alike is None:
            groups.append([run])
        else:
            alike.append(run)
    return groups


def _check_decisions(runs: Sequence[Run]) -> None:
    """An evaluation that decided in another way keeps raw probabilities: deciding them again would differ from it."""
    for run in runs:
        decision, own = run.metrics.decision, run.recipe.decision
        if run.evaluation is not None and decision != own:
            raise InputError(
                f"Expected the evaluation {run.evaluation} of {run.path} to decide by the run's own rule {own}, "
                f"got {decision}: evaluate it again under another name, by that rule and photo by photo."
            )


@dataclass(frozen=True)
class _Aligned:
    """Photos that all runs share, and each run's predictions of them."""

    space: LabelSpace
    labels: npt.NDArray[np.int64]
    person_index: npt.NDArray[np.int64]
    n_persons: int
    predictions: dict[str, npt.NDArray[np.int64]]

    def counts(self, run: Run, rows: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Counts by person (P, 3C), of some rows only."""
        keep = np.ones(len(self.labels), dtype=bool) if rows is None else rows
        return count_by_person(
            self.labels[keep],
            self.predictions[str(run.path)][keep],
            self.person_index[keep],
            self.space.n_classes,
            self.n_persons,
        ).stacked

    def attribute_counts(self, run: Run, place: int) -> Floats:
        """Counts by person (P, 3V) of one attribute."""
        own = self.space.decode(self.labels)[:, place]
        predicted = self.space.decode(self.predictions[str(run.path)])[:, place]
        size = self.space.sizes[place]
        return count_by_person(own, predicted, self.person_index, size, self.n_persons).stacked


def _check_alike(runs: Sequence[Run]) -> list[str]:
    notes = []
    for run in runs[1:]:
        if run.space.class_names != runs[0].space.class_names:
            raise InputError(
                f"Expected {run.path} to have the classes of {runs[0].path}, got {run.space.class_names[0]!r}, ..."
            )
    for run in runs:
        if run.metrics.leaky:
            notes.append(f"{run.name} knows persons that it is scored on: its score is inflated")
        if run.metrics.interrupted:
            notes.append(f"{run.name} was stopped before its end")
    prints = {run.lineage.data.fingerprint for run in runs}
    if len(prints) > 1:
        notes.append("the runs were trained on different data: photos, labels or files differ")
    rules = {run.recipe.decision for run in runs}
    if len(rules) > 1:
        notes.append(f"the runs decide by different rules ({', '.join(sorted(rules))})")
    return notes


def _align(runs: Sequence[Run], notes: list[str]) -> _Aligned:
    shared = runs[0].predictions.select("photo", "person", "label")
    for run in runs[1:]:
        other = run.predictions.select("photo", pl.col("label").alias("other"))
        shared = shared.join(other, on="photo", how="inner", maintain_order="left")
        wrong = shared.filter(pl.col("label") != pl.col("other"))
        if wrong.height:
            raise InputError(
                f"Expected {run.path} to have the labels of {runs[0].path}, but they differ on {wrong.height} "
                f"photos, such as {wrong['photo'][0]}: train both on the same labels."
            )
        shared = shared.drop("other")
    shared = shared.filter(pl.col("label") != UNKNOWN)
    if not shared.height:
        raise InputError(
            f"Expected {', '.join(str(run.path) for run in runs)} to have held out the same persons, but they share "
            "no photo: train them with the same split, or compare an evaluation on the same data.",
            setting="evaluation",
        )
    most = max(run.predictions.height for run in runs)
    if shared.height < most:
        notes.append(f"compared on the {shared.height:,} photos that all have held out, of up to {most:,}")
    unique, index = np.unique(persons_of(shared), return_inverse=True)
    predictions = {}
    for run in runs:
        rows = shared.select("photo").join(run.predictions, on="photo", how="left", maintain_order="left")
        p = rows.select(probability_columns(run.space)).to_numpy()
        predictions[str(run.path)] = decide(p, run.space, run.recipe.decision)
    return _Aligned(runs[0].space, shared["label"].to_numpy(), index, len(unique), predictions)


def _details(aligned: _Aligned, first: Run, second: Run, margin: float) -> list[Compared]:
    """Attributes, classes and groups, adjusted together: all are looked at because they are there."""
    space = aligned.space
    found: list[tuple[str, Difference]] = []
    for place, attribute in enumerate(space.attributes):
        both = (aligned.attribute_counts(run, place) for run in (first, second))
        found.append((f"{attribute.name}, macro F1", paired_difference(macro_f1, *both)))
    values = space.decode(aligned.labels)
    for place, attribute in enumerate(space.attributes):
        for value, name in enumerate(attribute.values):
            rows = values[:, place] == value
            if len(np.unique(aligned.person_index[rows])) >= FEWEST_PERSONS:
                present = np.unique(aligned.labels[rows])
                both = (aligned.counts(run, rows) for run in (first, second))
                found.append(
                    (
                        f"{attribute.label_column} {name}, mean F1",
                        paired_difference(_mean_f1_of(present), *both),
                    )
                )
    for joint, name in enumerate(space.class_names):
        if len(np.unique(aligned.person_index[aligned.labels == joint])) >= FEWEST_PERSONS:
            both = (aligned.counts(run) for run in (first, second))
            found.append(
                (f"class {joint} ({name}), F1", paired_difference(_mean_f1_of(np.array([joint])), *both))
            )
    adjusted = holm([difference.p for _, difference in found])
    return [
        Compared(what, difference, p, difference.verdict(margin, p))
        for (what, difference), p in zip(found, adjusted, strict=True)
    ]


def _mean_f1_of(classes: npt.NDArray[np.int64]) -> Callable[[Floats], Floats]:
    def statistic(stacked: Floats) -> Floats:
        return np.asarray(class_f1(stacked)[..., classes].mean(axis=-1))

    return statistic


def _cause(variables: list[str]) -> list[str]:
    if not variables:
        return ["the recipes are the same but for seeds: any difference is chance or the machine"]
    if len(variables) == 1:
        return [f"one variable differs: {variables[0]}"]
    return [
        f"{len(variables)} variables differ ({', '.join(variables)}): which of them is the cause can't be told"
    ]


def _compare_recipes(
    runs: Sequence[Run], aligned: _Aligned, margin: float
) -> list[tuple[str, str, RecipeDifference, str]]:
    """Recipes with two runs or more each, against the first run's recipe."""
    groups = _by_recipe(runs)
    groups = [_repetitions(group) for group in groups]
    enough = [group for group in groups if len(group) >= 2]
    if groups[0] not in enough:
        return []
    others = [group for group in enough if group is not groups[0]]
    of_baseline = [aligned.counts(r) for r in groups[0]]
    found = [recipe_difference(of_baseline, [aligned.counts(r) for r in group]) for group in others]
    adjusted = holm([difference.p for difference in found])
    return [
        (_named(groups[0]), _named(group), difference, recipe_verdict(difference, p, margin))
        for group, difference, p in zip(others, found, adjusted, strict=True)
    ]


def _repetitions(group: Sequence[Run]) -> list[Run]:
    """One run for each seed: the same seed trained twice is no repetition."""
    distinct: dict[tuple[int, int], Run] = {}
    for run in group:
        distinct.setdefault((run.recipe.seed, run.recipe.split.seed), run)
    return list(distinct.values())


def _named(group: Sequence[Run]) -> str:
    return f"{group[0].recipe.name} ({', '.join(run.name for run in group)})"
