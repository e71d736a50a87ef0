"""`reproduce`: the report's claims as studies, each with its verdict, several data sets in one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwise.errors import InputError, MaskwiseError
from maskwise.extras import import_extra
from maskwise.files import write_csv, write_text
from maskwise.metrics.paired_difference import holm
from maskwise.metrics.seed_variance import corrected_t, recipe_verdict
from maskwise.people.people_spec import PeopleSpec
from maskwise.reporter import SILENT, Reporter
from maskwise.reporting import plots
from maskwise.reporting.pages import render_page
from maskwise.studies.claims import BASE, PEOPLE, Claim, judge
from maskwise.studies.effects import Effect
from maskwise.studies.run_study import Findings, run_study
from maskwise.studies.study import Mode, Study
from maskwise.training.ray_tasks import HERE

N_PEOPLE = 150
SPLITS = tuple(range(10))
"""Splits of what is tested on frozen features."""


@dataclass(frozen=True)
class ClaimResult:
    """The result of a claim on one data set."""

    claim: Claim
    data: str
    verdict: str
    sentences: list[str]
    effects: list[Effect]


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Where and how the studies run."""

    out: Path
    seeds: tuple[int, ...]
    on: str
    cpus: int
    reporter: Reporter

    def run(self, study: Study, data: Path, folder: str) -> Findings:
        """Run one study."""
        out = self.out / folder
        return run_study(study, data, out, on=self.on, cpus=self.cpus, reporter=self.reporter)


def reproduce_claims(
    claims: Sequence[Claim],
    data: Sequence[Path],
    out: Path,
    *,
    only: Sequence[str] | None = None,
    fine_tune: bool = False,
    seeds: tuple[int, ...] = (0, 1, 2),
    on: str = HERE,
    cpus: int = 1,
    reporter: Reporter = SILENT,
) -> list[ClaimResult]:
    """Test claims on data sets; a call that was stopped goes on where it was.

    All claims tested in one way on one data set are one study: they share the base's trials, the split, the cache and
    the frozen features, and their p-values are adjusted together.

    Raises:
        InputError: when a claim is unknown, a data set can't be read, or a claim needs procedural people and the extra
            `people` is not installed.
    """
    chosen = _chosen(claims, only, fine_tune)
    if any([PEOPLE] in values for claim in chosen for values in claim.variables.values()):
        import_extra("numba", "numba to draw procedural people", "people")  # reported before the first trial
    names = [
        path.resolve().name if path.resolve().name != "train" else path.resolve().parent.name for path in data
    ]
    if len(set(names)) < len(names):
        names = [f"{name}-{place}" for place, name in enumerate(names, start=1)]
    setting = _Setting(out=out, seeds=seeds, on=on, cpus=cpus, reporter=reporter)
    results = []
    ways: tuple[Mode, ...] = ("frozen", "fine-tune")
    for path, name in zip(data, names, strict=True):
        for way in ways:
            mine = [claim for claim in chosen if claim.way == way]
            if mine:
                results += _test(mine, way, path, name, setting)
    return results


def _chosen(claims: Sequence[Claim], only: Sequence[str] | None, fine_tune: bool) -> list[Claim]:
    known = [claim.name for claim in claims]
    for name in only or ():
        if name not in known:
            raise InputError(
                f"Expected the name of a claim ({', '.join(known)}), got {name!r}.", setting="only"
            )
    if only:
        return [claim for claim in claims if claim.name in only]
    return [claim for claim in claims if fine_tune or claim.way == "frozen"]


def _test(
    claims: list[Claim],
    way: Mode,
    data: Path,
    name: str,
    setting: _Setting,
) -> list[ClaimResult]:
    out = setting.out
    variables: dict[str, list[Any]] = {}
    for claim in claims:
        if claim.question == "effect":
            for key, values in claim.variables.items():
                variables.setdefault(key, []).extend(_with_people(values, out))
    results = []
    findings = None
    if variables:
        # A trial on frozen features takes a second: many splits then say more than many seeds.
        study = Study(
            name=f"report-2021-{way}",
            base=BASE,
            set=_COMMON,
            variables=variables,
            mode=way,
            seeds=(0,) if way == "frozen" else setting.seeds,
            splits=SPLITS if way == "frozen" else (0,),
        )
        findings = setting.run(study, data, f"{name}-{way}")
    for claim in claims:
        if claim.question == "inflation":
            results.append(_inflation(claim, data, name, setting))
        else:
            assert findings is not None  # there is a variable
            results.append(_result(claim, name, findings, out))
    return results


_COMMON = {"split.near_duplicates": "join", "decision": "marginal"}
"""What all trials share besides the report's recipe: real data hold near-duplicates, and marginals decide better."""


def _with_people(values: list[Any], out: Path) -> list[Any]:
    if [PEOPLE] not in values:
        return values
    from maskwise.people.dataset import draw_people  # needs the extra `people`

    folder = out / "people"
    draw_people(folder, PeopleSpec(people=N_PEOPLE, seed=2021))
    return [[str(folder)] if value == [PEOPLE] else value for value in values]


def _result(claim: Claim, name: str, findings: Findings, out: Path) -> ClaimResult:
    wanted = {
        (key, repr(value)) for key, values in claim.variables.items() for value in _with_people(values, out)
    }
    mine = {
        o.trial.condition
        for o in findings.outcomes
        if any((key, repr(value)) in wanted for key, value in o.trial.changes.items())
    }
    effects = [effect for effect in findings.effects if effect.condition in mine]
    sentences = [effect.sentence(findings.study.margin) for effect in effects]
    return ClaimResult(claim, name, judge(claim.expected, [e.verdict for e in effects]), sentences, effects)


def _inflation(claim: Claim, data: Path, name: str, setting: _Setting) -> ClaimResult:
    """How much higher a split by photo scores: other photos are scored, so splits are the repetitions."""
    scores: dict[str, list[float]] = {}
    seconds = 0.0
    for by in ("person", "photo"):
        # The base and one idle variable: a study needs one, and inflation compares two bases.
        study = Study(
            name=f"split-by-{by}",
            base=BASE,
            set=_COMMON | {"split.by": by},
            variables={"loss.gamma": [0]},
            seeds=(0,),
            splits=SPLITS,
            mode="frozen",
        )
        found = setting.run(study, data, f"{name}-split-by-{by}")
        base = [o for o in found.outcomes if not o.trial.changes]
        if any(o.score is None for o in base):
            raise MaskwiseError(
                f"Expected the trials of {claim.name} to succeed, but they failed: {base[0].error}"
            )
        scores[by] = [float(o.score or 0) for o in base]
        seconds += sum(o.seconds for o in base)
    difference = corrected_t(np.array(scores["photo"]) - np.array(scores["person"]), 0.25)
    (p,) = holm([difference.p])
    verdict = recipe_verdict(difference, p, 0.02)
    low, high = difference.ci95
    sentence = (
        f"Split by photo the score is {np.mean(scores['photo']):.3f}, by person {np.mean(scores['person']):.3f}: "
        f"inflated by {difference.value:+.3f} ({low:+.3f} to {high:+.3f}; {len(SPLITS)} splits, frozen features)."
    )
    effect = Effect(
        "split.by = photo",
        "frozen",
        difference.value,
        difference.ci95,
        p,
        verdict,
        "recipes",
        len(SPLITS),
        0,
        float(np.mean(scores["photo"])),
        seconds / len(SPLITS) / 2,
    )
    return ClaimResult(claim, name, judge(claim.expected, [verdict]), [sentence], [effect])


_HEADER = (
    "data",
    "claim",
    "way",
    "expected",
    "verdict",
    "changed",
    "difference",
    "low",
    "high",
    "p",
    "trials",
    "seconds",
)


def write_claims_report(out: Path, results: Sequence[ClaimResult], *, fine_tune: bool) -> None:
    """Write `claims.csv` and `report.html`.

    Raises:
        MaskwiseError: when a file can't be written.
    """
    rows = []
    for result in results:
        for effect in result.effects:
            figures = ["", "", ""]
            if effect.value is not None and effect.ci95 is not None:
                figures = [f"{x:.6f}" for x in (effect.value, *effect.ci95)]
            rows.append(
                [
                    result.data,
                    result.claim.name,
                    result.claim.way,
                    result.claim.expected,
                    result.verdict,
                    effect.condition,
                    *figures,
                    "" if effect.p is None else f"{effect.p:.6f}",
                    effect.n_trials,
                    f"{effect.seconds:.1f}",
                ]
            )
    write_csv(out / "claims.csv", _HEADER, rows)
    forests = {
        name: plots.forest(
            [
                (f"{r.claim.name}: {e.condition}", e.value, e.ci95)
                for r in results
                if r.data == name and r.claim.question == "effect"
                for e in r.effects
                if e.value is not None and e.ci95 is not None
            ],
            0.02,
            "Difference of macro F1 against the report's recipe",
        )
        for name in dict.fromkeys(r.data for r in results)
    }
    page = render_page(
        "claims.html.j2", "maskwise.studies", results=results, forests=forests, fine_tune=fine_tune
    )
    write_text(out / "report.html", page)
