"""Cross-validation that keeps persons together, as one run: every person scored by a model that had not seen them."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console

from maskwise.data.scan import ProgressOf
from maskwise.data.split import person_strata
from maskwise.errors import InputError, StoppedError
from maskwise.evaluation import plots
from maskwise.evaluation.model_card import FILE as CARD_FILE
from maskwise.evaluation.model_card import write_model_card
from maskwise.evaluation.report import CALIBRATION, About, write_report
from maskwise.evaluation.scoring import grouping_columns, score
from maskwise.evaluation.tuning import OutOfFold, reliability, tune_decision
from maskwise.files import atomic_path, read_json, write_json
from maskwise.inference.rows import probability_columns
from maskwise.labels.space import UNKNOWN
from maskwise.models.decision import decide
from maskwise.models.tuned_decision import TunedDecision, save_decision
from maskwise.training.cluster import HERE, run_tasks
from maskwise.training.preparation import Prepared, prepare
from maskwise.training.recipe import Recipe
from maskwise.training.recipe_files import save_recipe
from maskwise.training.run_folder import check_run_folder
from maskwise.training.train import stored_recipe, train

FOLDS = "folds"
PLAN = "folds.json"
REFIT = "refit"


def train_folds(
    recipe: Recipe,
    data: Path,
    run: Path,
    *,
    folds: int,
    refit: bool = False,
    resume: bool = False,
    on: str = HERE,
    cpus: int = 1,
    console: Console | None = None,
    progress: ProgressOf = lambda stage: None,
) -> dict[str, Any]:
    """Train a model a fold, and where asked one on everybody; what was done is kept when it is stopped.

    The run's score is out-of-fold: each person's photos are predicted by the one model that had not seen them. Its
    members are the folds' models, or with `refit` the one that was trained on everybody, for as many epochs as the
    folds found best.

    Args:
        recipe: what to do; its held-out share is not used.
        data: a folder in a known layout, or a table.
        run: the run's folder.
        folds: how many.
        refit: train on everybody too.
        resume: go on with a run that was stopped.
        on: where folds are trained: `here` one after the other, `ray`, or the address of a running Ray.
        cpus: processors that a fold takes under Ray.
        console: where lines go.
        progress: makes the bars.

    Returns:
        The content of `metrics.json`.

    Raises:
        InputError: when data, recipe or folder are not as expected, or there are fewer persons of a kind than folds.
        StoppedError: when the user stopped it; `--resume` goes on.
    """
    console = console if console is not None else Console(quiet=True)
    begin = time.time()
    if resume and not (run / "recipe.yaml").is_file():
        resume = False
    check_run_folder(run, resume=resume)
    if resume:
        recipe = stored_recipe(run, recipe)
        _check_same(run, folds, refit)
    recipe = recipe.model_copy(
        update={"split": recipe.split.model_copy(update={"folds": folds, "fold": None})}
    )
    prepared = prepare(data, _of_fold(recipe, 0), say=_sayer(console), progress=progress("scanning photos"))
    _check_folds(prepared, folds)
    for lineage in sorted(run.glob(f"{FOLDS}/*/lineage.json")):
        if read_json(lineage).get("data", {}).get("fingerprint") != prepared.fingerprint:
            raise InputError(
                f"Expected {data} to be the data that {run} began with, but it differs: train a new run."
            )
    save_recipe(run / "recipe.yaml", recipe)
    write_json(run / PLAN, {"schema": 1, "folds": folds, "refit": refit})
    parts = [
        (
            _of_fold(recipe, fold),
            data.resolve(),
            (run / FOLDS / f"{fold:02d}").resolve(),
            f"fold {fold + 1} of {folds}",
        )
        for fold in range(folds)
    ]
    if on == HERE:
        for part in parts:
            _train_part(*part, console)
    else:
        for name in run_tasks(_train_part, parts, on=on, cpus=cpus):
            console.print(f"{name}: done", soft_wrap=True, markup=False)
    if refit:
        _train_part(_on_everybody(recipe, run, folds), data, run / REFIT, "refit on everybody", console)
    return _put_together(recipe, data, run, prepared, folds, refit, begin)


def _check_same(run: Path, folds: int, refit: bool) -> None:
    """A resume goes on with what was begun: as many folds, and a refit or none."""
    if not (run / PLAN).is_file():
        raise InputError(
            f"Expected {run} to be a run of folds to resume, got one training: leave --folds out."
        )
    plan = read_json(run / PLAN)
    if (plan.get("folds"), plan.get("refit")) != (folds, refit):
        flag = " --refit" if plan.get("refit") else ""
        raise InputError(f"Expected to resume {run} as it began, with --folds {plan.get('folds')}{flag}.")


def _sayer(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, soft_wrap=True, markup=False)


def _of_fold(recipe: Recipe, fold: int) -> Recipe:
    return recipe.model_copy(update={"split": recipe.split.model_copy(update={"fold": fold})})


def _on_everybody(recipe: Recipe, run: Path, folds: int) -> Recipe:
    """The recipe of the refit: as many epochs as the folds kept, on average, and the last of them."""
    kept = [_kept_epochs(run / FOLDS / f"{fold:02d}", recipe) for fold in range(folds)]
    training = recipe.training.model_copy(
        update={
            "epochs": max(recipe.training.frozen_epochs + 1, round(float(np.mean(kept)))),
            "keep": "last",
            "early_stopping": None,
        }
    )
    split = recipe.split.model_copy(update={"nobody": True, "folds": None, "fold": None})
    return recipe.model_copy(update={"training": training, "split": split})


def _kept_epochs(fold: Path, recipe: Recipe) -> int:
    """How many epochs the member of a fold was trained for."""
    history = pl.read_csv(fold / "history.csv")
    if recipe.training.keep == "last":
        return history.height
    column = f"held_out_{recipe.training.metric}"
    best = history[column].arg_min() if recipe.training.metric == "loss" else history[column].arg_max()
    return int(history["epoch"][best or 0])


def _train_part(recipe: Recipe, data: Path, folder: Path, name: str, console: Console | None = None) -> str:
    if (folder / "lineage.json").is_file() and read_json(folder / "lineage.json").get("finished"):
        return name
    if console is not None:
        console.print(f"{name}:", soft_wrap=True, markup=False)
    resume = (folder / "recipe.yaml").is_file()
    metrics = train(recipe, data, folder, resume=resume, photos_in_report=False, console=console)
    if metrics.get("interrupted"):
        raise StoppedError(f"Interrupted in {name}: --resume goes on.")
    return name


def _check_folds(prepared: Prepared, folds: int) -> None:
    """Refuse more folds than persons of a labelled combination: a fold could not be scored on it."""
    strata = person_strata(prepared.table)
    for stratum in np.unique(strata):
        rows = strata == stratum
        n_persons = len(np.unique(prepared.groups[rows]))
        if n_persons < folds:
            place = int(np.flatnonzero(rows)[0])
            indices = prepared.table.label_indices()[place]
            constant = [
                f"{a.label_column} {a.values[i]}"
                for a, i in zip(prepared.table.space.attributes, indices, strict=True)
                if a.constant and i != UNKNOWN
            ]
            raise InputError(
                f"Expected at least {folds} persons with {', '.join(constant)} for {folds} folds, got {n_persons}: "
                "choose fewer folds."
            )


def _put_together(
    recipe: Recipe, data: Path, run: Path, prepared: Prepared, folds: int, refit: bool, begin: float
) -> dict[str, Any]:
    """Members, out-of-fold predictions, their scores, the fitted decision and the report of the whole run."""
    parts = [run / FOLDS / f"{fold:02d}" for fold in range(folds)]
    members = [run / REFIT] if refit else parts
    shutil.rmtree(run / "members", ignore_errors=True)
    for place, part in enumerate(members):
        shutil.copytree(part / "members" / "00", run / "members" / f"{place:02d}")
    space, columns = prepared.table.space, probability_columns(prepared.table.space)
    frames = [
        pl.read_parquet(part / "predictions.parquet", glob=False).with_columns(pl.lit(fold).alias("fold"))
        for fold, part in enumerate(parts)
    ]
    frame = pl.concat(frames)
    order = {photo: place for place, photo in enumerate(prepared.table.photos)}
    if set(frame["photo"]) != set(order):
        raise InputError(
            f"Expected {data} to be what the folds of {run} were trained on, but it differs: train anew."
        )
    frame = frame.sort(pl.col("photo").replace_strict(order, return_dtype=pl.Int64))
    with atomic_path(run / "predictions.parquet") as temporary:
        frame.write_parquet(temporary, metadata={"schema": "1"})
    _save_split(run, parts)
    p = frame.select(columns).to_numpy()
    labels, fold_of = frame["label"].to_numpy(), frame["fold"].to_numpy()
    groups = prepared.groups
    predictions = decide(p, space, recipe.decision)
    out_of_fold = score(
        prepared.table.label_indices(),
        predictions,
        groups,
        space,
        groups=grouping_columns(prepared.table.group_values(), recipe.data.groups),
    )
    by_fold = [read_json(part / "metrics.json")["macro_f1"] for part in parts]
    known = labels != UNKNOWN
    decision = tune_decision(
        OutOfFold(p[known], labels[known], groups[known], fold_of[known]), space, recipe.decision
    )
    save_decision(run, decision)
    lineages = [read_json(part / "lineage.json") for part in (*parts, *([run / REFIT] if refit else []))]
    about: dict[str, Any] = {
        "schema": 1,
        "leaky": False,
        "persons_known": True,
        "interrupted": False,
        "decision": recipe.decision,
        "by_fold": by_fold,
        "seconds": round(sum(entry["seconds"] for entry in lineages), 1),
        "calibration_error": decision.calibration_error,
    }
    scored = {"scored_on": "out-of-fold", **about, **out_of_fold}
    metrics = scored if not refit else {"scored_on": None, **about, "macro_f1": None, "folds": scored}
    write_json(run / "metrics.json", metrics)
    lineage = lineages[0] | {
        "finished": True,
        "folds": folds,
        "refit": refit,
        "decision": {
            "rule": recipe.decision,
            "fitted_out_of_fold": {
                "temperature": decision.temperature,
                "class_weights": decision.class_weights,
            },
        },
        "seconds": round(time.time() - begin, 1),
        "split": {"n_train": len(prepared.table), "n_held_out": len(prepared.table)},
    }
    write_json(run / "lineage.json", lineage)
    drawn = plots.reliability(
        reliability(p[known], labels[known]), reliability(decision.calibrated(p[known]), labels[known])
    )
    about_run = _about(recipe, data, run, folds, refit, by_fold, decision)
    write_model_card(run / CARD_FILE, about_run.title, about_run.facts, metrics, space)
    write_report(
        run / "report.html",
        scored,
        space,
        about_run,
        extra=((CALIBRATION, drawn),),
    )
    return metrics


def _save_split(run: Path, parts: list[Path]) -> None:
    """`split.parquet` of the whole run: everybody was trained on, by all models but one."""
    frames = [
        pl.read_parquet(part / "split.parquet", glob=False)
        .filter(pl.col("side") == "held-out")
        .with_columns(pl.lit("train").alias("side"), pl.lit(fold).alias("fold"))
        for fold, part in enumerate(parts)
    ]
    # Further photos are trained on in every fold and held out in none.
    first = pl.read_parquet(parts[0] / "split.parquet", glob=False)
    further = first.filter(~pl.col("photo").is_in(pl.concat(frames)["photo"].implode()))
    frames.append(further.with_columns(pl.lit(None, dtype=pl.Int32).alias("fold")))
    with atomic_path(run / "split.parquet") as temporary:
        pl.concat(frames).write_parquet(temporary, metadata={"schema": "1"})


def _about(
    recipe: Recipe,
    data: Path,
    run: Path,
    folds: int,
    refit: bool,
    by_fold: list[dict[str, Any]],
    decision: TunedDecision,
) -> About:
    low, high = decision.gain_ci95
    facts = {
        "data": str(data),
        "scored": f"out-of-fold: {folds} folds by person, split seed {recipe.split.seed}",
        "macro F1 fold by fold": ", ".join(f"{entry['value']:.3f}" for entry in by_fold),
        "member": "one, trained on everybody for as many epochs as the folds found best: it has no held-out score, the "
        "folds' stands beside it"
        if refit
        else f"{folds}, one a fold, their probabilities averaged: the score is that of one of them",
        "decision": recipe.decision,
        "calibration error": f"{decision.calibration_error[0]:.3f}; at temperature {decision.temperature:.2f}, "
        f"fitted on other folds, {decision.calibration_error[1]:.3f}",
        "weights for macro F1": f"gain {decision.gain:+.3f} ({low:+.3f} to {high:+.3f}) on folds they were not "
        "fitted on; off unless asked for",
        "when it may abstain": "; ".join(
            f"to be right {float(asked):.0%} of the time it answers {kept:.0%} of the photos above a confidence of "
            f"{threshold:.2f} (on other folds {reached:.0%} right)"
            for asked, (threshold, kept, reached) in decision.thresholds.items()
        ),
    }
    flag = " --refit" if refit else ""
    return About(
        title=f"{recipe.name} · {run.name}",
        subtitle=recipe.description or "a run of maskwise",
        facts=facts,
        rebuild=f"maskwise train {run}/recipe.yaml --data {data} --folds {folds}{flag} --out {run}-again",
        recipe=(run / "recipe.yaml").read_text(encoding="utf-8"),
    )
