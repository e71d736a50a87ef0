"""A study from its YAML to a table and a report; a stopped call is continued where it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from maskwise.data.data_fingerprint import data_fingerprint
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.errors import InputError
from maskwise.files import write_csv, write_text
from maskwise.recipes.schema import Recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.studies.effects import Agreement, Effect, find_effects, ranking_agreement
from maskwise.studies.engines import run_trials
from maskwise.studies.study import Study, Trial, list_trials
from maskwise.studies.trials import Outcome
from maskwise.training.ray_tasks import HERE

STUDY_FILE = "study.yaml"
TABLE_FILE = "trials.csv"
_HEADER = ("trial", "condition", "mode", "seed", "split", "macro_f1", "low", "high", "seconds", "error")


@dataclass(frozen=True)
class Findings:
    """What a study found: `screened` on frozen features, `confirmed` by fine-tuning, or one of them."""

    study: Study
    outcomes: list[Outcome]
    screened: list[Effect]
    confirmed: list[Effect]
    agreement: Agreement | None

    @property
    def effects(self) -> list[Effect]:
        """The effects to report: the fine-tuned ones if there are any."""
        known = {effect.condition for effect in self.confirmed}
        return [*self.confirmed, *(e for e in self.screened if e.condition not in known)]


def run_study(
    study: Study,
    data: Path,
    out: Path,
    *,
    on: str = HERE,
    cpus: int = 1,
    reporter: Reporter = SILENT,
) -> Findings:
    """Run all trials of a study, and find their effects.

    Args:
        study: what to do.
        data: what to train on.
        out: the study's folder, new, or one where the same study was begun.
        on: where trials run: `here`, `ray`, or an address.
        cpus: processors that a trial takes under Ray.
        reporter: receives a message for each trial, the number of trials done, and what their trainings report.

    Raises:
        InputError: when the study is wrong, or the folder holds another.
    """
    frozen = list_trials(study, "frozen") if study.mode != "fine-tune" else []
    tuned = list_trials(study, "fine-tune") if study.mode == "fine-tune" else []
    _claim(study, out, data, (frozen or tuned)[0].recipe)
    outcomes: list[Outcome] = []
    progress = reporter.progress(f"trials of {study.name}")

    def run(trials: list[Trial], total: int) -> list[Outcome]:
        order = {trial.name: place for place, trial in enumerate(trials)}
        found: list[Outcome] = []
        progress(len(outcomes), total)
        for outcome in run_trials(trials, data, out, on=on, cpus=cpus, reporter=reporter):
            found.append(outcome)
            outcomes.append(outcome)
            _write_table(out, outcomes)
            reporter.message(f"{len(outcomes)}/{total} {outcome.sentence()}")
            progress(len(outcomes), total)
        return sorted(found, key=lambda o: order[o.trial.name])

    screened = find_effects(run(frozen, len(frozen)), margin=study.margin) if frozen else []
    if study.mode == "screen":
        tuned = _promising(study, screened)
    confirmed = find_effects(run(tuned, len(frozen) + len(tuned)), margin=study.margin) if tuned else []
    if outcomes and all(o.error for o in outcomes):
        raise InputError(
            f"Expected at least one trial to succeed, but all failed; the first: {outcomes[0].error}"
        )
    return Findings(study, outcomes, screened, confirmed, ranking_agreement(screened, confirmed))


def _promising(study: Study, screened: Sequence[Effect]) -> list[Trial]:
    """The trials that fine-tune the base and the values with the highest screened effects."""
    ranked = sorted((e for e in screened if e.value is not None), key=lambda e: -(e.value or 0))
    chosen = {effect.condition for effect in ranked[: study.confirm]}
    return [t for t in list_trials(study, "fine-tune") if not t.changes or t.condition in chosen]


def _claim(study: Study, out: Path, data: Path, base: Recipe) -> None:
    """Make the folder this study's own: the same values, base recipe and data, or none of its trials may be read."""
    table = read_data(data)
    described = study.model_dump(mode="json") | {
        "base_recipe": base.model_dump(mode="json"),
        "data_fingerprint": data_fingerprint(table, scan_photos(table)),
    }
    path = out / STUDY_FILE
    if path.is_file():
        try:
            before = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InputError(
                f"Expected {path} to be a study, got: {' '.join(str(error).split())}."
            ) from error
        if before != described:
            raise InputError(
                f"Expected {out} to be new or to hold this study on these data, but {STUDY_FILE} in it says otherwise: "
                "choose another folder.",
                setting="out",
            )
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"Expected {out} to be new or empty, but it is not: choose another folder.", setting="out"
        )
    else:
        write_text(path, yaml.safe_dump(described, sort_keys=False, allow_unicode=True))


def _write_table(out: Path, outcomes: Sequence[Outcome]) -> None:
    rows = []
    for outcome in sorted(outcomes, key=lambda o: o.trial.name):
        trial = outcome.trial
        score = ["", "", ""]
        if (found := outcome.metrics.macro_f1) is not None:
            score = [f"{figure:.6f}" for figure in (found.value, *found.ci95)]
        rows.append(
            [
                trial.name,
                trial.condition,
                trial.mode,
                trial.seed,
                trial.split,
                *score,
                f"{outcome.seconds:.1f}",
                outcome.error or "",
            ]
        )
    write_csv(out / TABLE_FILE, _HEADER, rows)
