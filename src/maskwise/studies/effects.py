"""What a study found: the effect of each value against the base, with an interval and a conclusion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.evaluation.score_predictions import FEW_PERSONS
from maskwise.metrics.classification import Floats, macro_f1, stacked_by_person
from maskwise.metrics.paired_difference import holm, paired_difference
from maskwise.metrics.seed_variance import RecipeDifference, corrected_t, recipe_difference, recipe_verdict
from maskwise.models.decision import decide
from maskwise.runs.predictions import persons_of, probability_columns
from maskwise.studies.trials import Outcome
from maskwise.tasks.registry import load_task


@dataclass(frozen=True)
class Effect:
    """The effect of one value on macro F1, against the base with the same seeds and splits."""

    condition: str
    mode: str
    value: float | None  # None: nothing to compare, all trials failed
    ci95: tuple[float, float] | None
    p: float | None  # adjusted for the number of values
    verdict: str
    speaks_of: str  # what the interval covers: models (one seed) or recipes
    n_trials: int
    n_failed: int
    score: float | None
    seconds: float
    n_persons: int = FEW_PERSONS  # held out in a trial

    def sentence(self, margin: float) -> str:
        """The conclusion, in one sentence."""
        if self.value is None or self.ci95 is None:
            return f"{self.condition}: no trial ended well, so there is no result."
        low, high = self.ci95
        figures = f"{self.value:+.3f} macro F1, 95% interval {low:+.3f} to {high:+.3f}"
        runs = f"{self.n_trials - self.n_failed} runs, {self.mode}"
        if self.verdict in ("better", "worse"):
            result = f"is {self.verdict} than the base ({figures}; {runs})"
        elif self.verdict == "can't tell":
            result = f"can't be distinguished from the base ({figures}; {runs})"
        else:
            result = f"makes no difference larger than {margin:g} ({figures}; {runs})"
        models = (
            " One seed only: this is a difference of models, not of recipes."
            if self.speaks_of == "models"
            else ""
        )
        few = (
            f" Only {self.n_persons} persons: the interval is too narrow."
            if self.n_persons < FEW_PERSONS
            else ""
        )
        return f"{self.condition} {result}.{models}{few}"


def counts_of(outcome: Outcome) -> Floats:
    """Counts by person (P, 3C) of a trial's held-out predictions, persons in the order of their names."""
    frame, space = outcome.predictions(), load_task().space
    p = frame.select(probability_columns(space)).to_numpy()
    predictions = decide(p, space, outcome.trial.recipe.decision)
    labels: npt.NDArray[np.int64] = frame["label"].to_numpy()
    return stacked_by_person(labels, predictions, persons_of(frame), space.n_classes)


def find_effects(outcomes: Sequence[Outcome], *, margin: float) -> list[Effect]:
    """The effect of every changed value, in the order of the trials; p-values adjusted over all of them by Holm."""
    base = [o for o in outcomes if not o.trial.changes]
    conditions = dict.fromkeys(o.trial.condition for o in outcomes if o.trial.changes)
    raw = [(condition, [o for o in outcomes if o.trial.condition == condition]) for condition in conditions]
    # Read once: the base is compared with every value.
    counts = {o.trial.name: counts_of(o) for o in outcomes if not o.error}
    differences = [_difference(base, changed, counts) for _, changed in raw]
    adjusted = iter(holm([d.p for d in differences if d is not None]))
    return [
        _effect(condition, changed, difference, next(adjusted) if difference else None, margin)
        for (condition, changed), difference in zip(raw, differences, strict=True)
    ]


def _difference(
    base: list[Outcome], changed: list[Outcome], counts: Mapping[str, Floats]
) -> RecipeDifference | None:
    """Over seeds on one split, over splits, or of two models where there is one of each."""
    splits: list[tuple[list[Floats], list[Floats]]] = []
    for split in dict.fromkeys(o.trial.split for o in base):
        pair = tuple(
            [counts[o.trial.name] for o in group if o.trial.split == split and not o.error]
            for group in (base, changed)
        )
        if pair[0] and pair[1]:
            splits.append((pair[0], pair[1]))
    if not splits:
        return None
    if len(splits) > 1:
        means = [np.mean(_scores(b)) - np.mean(_scores(a)) for a, b in splits]
        held = base[0].trial.recipe.split.held_out
        return corrected_t(np.array(means), held / (1 - held))
    a, b = splits[0]
    if len(a) > 1 and len(b) > 1:
        return recipe_difference(a, b)
    found = paired_difference(macro_f1, a[0], b[0])
    return RecipeDifference(
        found.value, found.ci95, found.p, (1, 1), None, "one seed: bootstrap over persons"
    )


def _scores(counts: list[Floats]) -> list[float]:
    return [float(macro_f1(c.sum(axis=0))) for c in counts]


def _effect(
    condition: str,
    changed: list[Outcome],
    difference: RecipeDifference | None,
    p: float | None,
    margin: float,
) -> Effect:
    scores = [o.score for o in changed if o.score is not None]
    verdict = "failed" if difference is None or p is None else recipe_verdict(difference, p, margin)
    return Effect(
        condition=condition,
        mode=changed[0].trial.mode,
        value=None if difference is None else difference.value,
        ci95=None if difference is None else difference.ci95,
        p=p,
        verdict=verdict,
        speaks_of="models" if difference is not None and difference.n_pairs == (1, 1) else "recipes",
        n_trials=len(changed),
        n_failed=sum(o.error is not None for o in changed),
        score=float(np.mean(scores)) if scores else None,
        seconds=float(np.median([o.seconds for o in changed])),
        n_persons=min((o.metrics.n_persons for o in changed if not o.error), default=FEW_PERSONS),
    )


@dataclass(frozen=True)
class Agreement:
    """How far two rankings of the same values agree: Spearman's rank correlation with its interval."""

    correlation: float
    ci95: tuple[float, float]
    n_values: int


def ranking_agreement(
    screened: Sequence[Effect], confirmed: Sequence[Effect], *, draws: int = 2000
) -> Agreement | None:
    """Whether frozen features rank values as fine-tuning does; None with fewer than 3 values in both.

    The interval is a bootstrap over values, drawn with their two effects: with few values it is wide, as it should be.
    """
    effects = {e.condition: e.value for e in confirmed if e.value is not None}
    both = [
        (e.value, effects[e.condition]) for e in screened if e.value is not None and e.condition in effects
    ]
    if len(both) < 3:
        return None
    pairs = np.array(both)
    random = np.random.Generator(np.random.Philox(0))
    drawn = [_rank_correlation(pairs[random.integers(0, len(pairs), len(pairs))]) for _ in range(draws)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Agreement(_rank_correlation(pairs), (float(low), float(high)), len(pairs))


def _rank_correlation(pairs: npt.NDArray[np.float64]) -> float:
    from scipy import stats

    if (np.ptp(pairs, axis=0) == 0).any():
        return float("nan")
    return float(stats.spearmanr(pairs[:, 0], pairs[:, 1]).statistic)
