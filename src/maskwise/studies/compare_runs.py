"""`compare`: are these models different, are these recipes different, and can one say why."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

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
from maskwise.studies.finished_run import FinishedRun, read_run
from maskwise.tasks.label_space import UNKNOWN, LabelSpace

MARGIN = 0.02


@dataclass(frozen=True)
class Compared:
    """A difference of two runs in one respect, and what may be said of it."""

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
    variables: dict[str, tuple[str, str]]  # what A and B say
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """The outcome of `compare`: pairs of models against the first, and recipes where there are seeds enough."""

    pairs: list[Pair]
    recipes: list[tuple[str, str, RecipeDifference, str]]
    n_photos: int
    n_persons: int
    margin: float
    notes: list[str]


def compare(
    folders: list[Path],
    *,
    margin: float = MARGIN,
    evaluation: str | None = None,
    details: bool = True,
) -> Comparison:
    """Compare runs with the first of them, on the photos that all of them have held out.

    Args:
        folders: two or more run folders.
        margin: a difference of macro F1 below this is none that matters.
        evaluation: compare on this evaluation of each run instead of its held-out photos.
        details: whether attributes, classes and groups are compared too, which takes most of the time.

    Raises:
        InputError: when a run can't be read, or they share no photos, or disagree about labels.
    """
    if len(folders) < 2:
        raise InputError(f"Expected at least two runs to compare, got {len(folders)}.")
    resolved = [folder.resolve() for folder in folders]
    if len(set(resolved)) < len(resolved):
        raise InputError("Expected different runs, got the same folder twice.")
    if not 0 < margin < 1:
        raise InputError(f"Expected --margin between 0 and 1, got {margin:g}.")
    runs = [read_run(folder, evaluation) for folder in folders]
    notes = _check_alike(runs)
    if evaluation is not None:
        _check_decisions(runs, evaluation)
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


def _compare_models(runs: list[FinishedRun], aligned: "_Aligned", margin: float, details: bool) -> list[Pair]:
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
    splits: list[list[FinishedRun]], margin: float, notes: list[str], details: bool
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
        )  # the first run's recipe is held against in every split
        aligned = _align(group, notes)
        photos, persons = photos + len(aligned.labels), persons + aligned.n_persons
        pairs += _compare_models(group, aligned, margin, details)
        split = group[0].lineage.get("split", {})
        shares.append(split.get("n_held_out", 1) / max(1, split.get("n_train", 1)))
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


def _by_split(runs: list[FinishedRun]) -> list[list[FinishedRun]]:
    """Runs grouped by the photos that they held out."""
    groups: dict[frozenset[str], list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(frozenset(run.predictions["photo"]), []).append(run)
    return list(groups.values())


def _by_recipe(runs: list[FinishedRun]) -> list[list[FinishedRun]]:
    """Runs grouped by recipe, seeds aside, in the order they come."""
    groups: list[list[FinishedRun]] = []
    for run in runs:
        alike = next((group for group in groups if not differing_values([group[0].values, run.values])), None)
        if alike is None:
            groups.append([run])
        else:
            alike.append(run)
    return groups


def _check_decisions(runs: list[FinishedRun], evaluation: str) -> None:
    """An evaluation that decided in another way keeps raw probabilities: deciding them anew would be another thing."""
    for run in runs:
        told = run.metrics.get("decision")
        if told != run.decision:
            raise InputError(
                f"Expected the evaluation {evaluation} of {run.folder} to decide by the run's own rule {run.decision}, "
                f"got {told}: evaluate it again under another name, without --decision and --by-person."
            )


@dataclass(frozen=True)
class _Aligned:
    """Photos that all runs share, and what each run says of them."""

    space: LabelSpace
    labels: npt.NDArray[np.int64]
    person_index: npt.NDArray[np.int64]
    n_persons: int
    predictions: dict[str, npt.NDArray[np.int64]]

    def counts(self, run: FinishedRun, rows: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Counts by person (P, 3C), of some rows only."""
        keep = np.ones(len(self.labels), dtype=bool) if rows is None else rows
        return count_by_person(
            self.labels[keep],
            self.predictions[str(run.folder)][keep],
            self.person_index[keep],
            self.space.n_classes,
            self.n_persons,
        ).stacked

    def attribute_counts(self, run: FinishedRun, place: int) -> Floats:
        """Counts by person (P, 3V) of one attribute."""
        own = self.space.decode(self.labels)[:, place]
        told = self.space.decode(self.predictions[str(run.folder)])[:, place]
        size = self.space.sizes[place]
        return count_by_person(own, told, self.person_index, size, self.n_persons).stacked


def _check_alike(runs: list[FinishedRun]) -> list[str]:
    notes = []
    for run in runs[1:]:
        if run.space.class_names != runs[0].space.class_names:
            raise InputError(
                f"Expected {run.folder} to have the classes of {runs[0].folder}, got {run.space.class_names[0]!r}, ..."
            )
    for run in runs:
        if run.metrics.get("leaky"):
            notes.append(f"{run.name} knows persons that it is scored on: its score is inflated")
        if run.metrics.get("interrupted"):
            notes.append(f"{run.name} was stopped before its end")
    prints = {run.lineage.get("data", {}).get("fingerprint") for run in runs}
    if len(prints) > 1:
        notes.append("the runs were trained on different data: photos, labels or files differ")
    rules = {run.decision for run in runs}
    if len(rules) > 1:
        notes.append(f"the runs decide by different rules ({', '.join(sorted(rules))})")
    return notes


def _align(runs: list[FinishedRun], notes: list[str]) -> _Aligned:
    shared = runs[0].predictions.select("photo", "person", "label")
    for run in runs[1:]:
        other = run.predictions.select("photo", pl.col("label").alias("other"))
        shared = shared.join(other, on="photo", how="inner", maintain_order="left")
        wrong = shared.filter(pl.col("label") != pl.col("other"))
        if wrong.height:
            raise InputError(
                f"Expected {run.folder} to have the labels of {runs[0].folder}, but they differ on {wrong.height} "
                f"photos, such as {wrong['photo'][0]}: train both on the same labels."
            )
        shared = shared.drop("other")
    shared = shared.filter(pl.col("label") != UNKNOWN)
    if not shared.height:
        raise InputError(
            f"Expected {', '.join(str(run.folder) for run in runs)} to have held out the same persons, but they share "
            "no photo: train them with the same split, or compare an evaluation on the same data (--evaluation NAME)."
        )
    most = max(run.predictions.height for run in runs)
    if shared.height < most:
        notes.append(f"compared on the {shared.height:,} photos that all have held out, of up to {most:,}")
    unique, index = np.unique(persons_of(shared), return_inverse=True)
    predictions = {}
    for run in runs:
        rows = shared.select("photo").join(run.predictions, on="photo", how="left", maintain_order="left")
        p = rows.select(probability_columns(run.space)).to_numpy()
        predictions[str(run.folder)] = decide(p, run.space, run.decision)
    return _Aligned(runs[0].space, shared["label"].to_numpy(), index, len(unique), predictions)


def _details(aligned: _Aligned, first: FinishedRun, second: FinishedRun, margin: float) -> list[Compared]:
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
    runs: list[FinishedRun], aligned: _Aligned, margin: float
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


def _repetitions(group: list[FinishedRun]) -> list[FinishedRun]:
    """One run for each seed: the same seed trained twice is no repetition."""
    distinct: dict[tuple[int, int], FinishedRun] = {}
    for run in group:
        distinct.setdefault((run.recipe.seed, run.recipe.split.seed), run)
    return list(distinct.values())


def _named(group: list[FinishedRun]) -> str:
    return f"{group[0].recipe.name} ({', '.join(run.name for run in group)})"
