"""The trained folds become one run: its members, out-of-fold scores, decision, report and card."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.evaluation.tune_decision import OutOfFold, tune_decision
from maskwise.files import atomic_path, read_json, write_json
from maskwise.metrics.calibration import reliability
from maskwise.models.decision import decide
from maskwise.models.tuned_decision import TunedDecision, save_decision
from maskwise.recipes.schema import Recipe
from maskwise.reporting import plots
from maskwise.reporting.gallery import worst_mistakes
from maskwise.reporting.model_card import FILE as CARD_FILE
from maskwise.reporting.model_card import write_model_card
from maskwise.reporting.run_report import CALIBRATION, About, write_report
from maskwise.runs.predictions import probability_columns
from maskwise.tasks.label_space import UNKNOWN
from maskwise.training.training_data import Prepared

FOLDS = "folds"
REFIT = "refit"


@dataclass(frozen=True)
class Folded:
    """A run whose folds, and where asked a refit, are trained."""

    recipe: Recipe
    data: Path
    run: Path
    prepared: Prepared
    folds: int
    refit: bool


def put_together(whole: Folded, begin: float, *, photos: bool) -> dict[str, Any]:
    """Write members, out-of-fold predictions, their scores, the fitted decision, report and card of the whole run.

    Args:
        whole: what was trained.
        begin: when, in seconds since 1970.
        photos: whether the report shows the worst mistakes.

    Returns:
        The content of `metrics.json`.

    Raises:
        InputError: when the data are not any more what the folds were trained on.
    """
    recipe, run, prepared, folds, refit = whole.recipe, whole.run, whole.prepared, whole.folds, whole.refit
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
            f"Expected {whole.data} to be what the folds of {run} were trained on, but it differs: train anew."
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
        "chosen_on_these_persons": recipe.training.chooses_epochs,
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
    about_run = _about(whole, by_fold, decision)
    table = prepared.table
    gallery = None
    if photos:  # each looked at by the model that had not seen it
        gallery = worst_mistakes(
            parts, table.photos, table.paths, table.persons, labels, predictions, p, told_by=fold_of
        )
    write_model_card(run / CARD_FILE, about_run.title, about_run.facts, metrics, space)
    write_report(
        run / "report.html", scored, space, about_run, gallery=gallery, extra=((CALIBRATION, drawn),)
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


def _about(whole: Folded, by_fold: list[dict[str, Any]], decision: TunedDecision) -> About:
    recipe, data, run, folds = whole.recipe, whole.data, whole.run, whole.folds
    low, high = decision.gain_ci95
    facts = {
        "data": str(data),
        "scored": f"out-of-fold: {folds} folds by person, split seed {recipe.split.seed}",
        "macro F1 fold by fold": ", ".join(f"{entry['value']:.3f}" for entry in by_fold),
        "member": "one, trained on everybody for as many epochs as the folds found best: it has no held-out score, the "
        "folds' stands beside it"
        if whole.refit
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
    flag = " --refit" if whole.refit else ""
    return About(
        title=f"{recipe.name} · {run.name}",
        subtitle=recipe.description or "a run of maskwise",
        facts=facts,
        rebuild=f"maskwise train {run}/recipe.yaml --data {data} --folds {folds}{flag} --out {run}-again",
        recipe=(run / "recipe.yaml").read_text(encoding="utf-8"),
    )
