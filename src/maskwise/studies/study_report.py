"""A study's `report.html`: effects with intervals, learning curves, cost, and conclusions as sentences."""

import csv
from pathlib import Path

import numpy as np

from maskwise.files import write_text
from maskwise.reporting import plots
from maskwise.reporting.pages import render_page
from maskwise.studies.effects import Effect
from maskwise.studies.run_study import Findings
from maskwise.studies.trials import Outcome


def write_study_report(path: Path, findings: Findings, *, data: str, command: str) -> None:
    """Write the page.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    parts = [
        {
            "title": title,
            "effects": effects,
            "forest": _forest(effects, findings.study.margin),
            "chosen": effects is findings.confirmed and bool(findings.screened),
        }
        for title, effects in (
            ("Fine-tuned", findings.confirmed),
            ("Screened: heads on frozen features", findings.screened),
        )
        if effects
    ]
    page = render_page(
        "study.html.j2",
        "maskwise.studies",
        study=findings.study,
        data=data,
        command=command,
        parts=parts,
        screened=findings.screened,
        confirmed=findings.confirmed,
        agreement=findings.agreement,
        outcomes=findings.outcomes,
        minutes=sum(o.seconds for o in findings.outcomes) / 60,
        ratio=_cheaper(findings.outcomes),
        failed=[(o.trial.name, o.error) for o in findings.outcomes if o.error],
        curves=_curves(findings.outcomes),
    )
    write_text(path, page)


def _forest(effects: list[Effect], margin: float) -> str:
    rows = [(e.condition, e.value, e.ci95) for e in effects if e.value is not None and e.ci95 is not None]
    return plots.forest(rows, margin, "Difference of macro F1 against the base")


def _cheaper(outcomes: list[Outcome]) -> float | None:
    """How many times less a head costs than its fine-tuned twin: medians of what training itself took."""
    frozen = [o.metrics.seconds or 0.0 for o in outcomes if o.trial.mode == "frozen" and not o.error]
    tuned = [o.metrics.seconds or 0.0 for o in outcomes if o.trial.mode == "fine-tune" and not o.error]
    return float(np.median(tuned) / np.median(frozen)) if frozen and tuned else None


def _curves(outcomes: list[Outcome]) -> str:
    """Held-out macro F1 over the epochs, each condition's mean over its trials."""
    series: dict[str, list[list[float]]] = {}
    for outcome in outcomes:
        path = outcome.folder.history
        if outcome.error or not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        series.setdefault(outcome.trial.condition, []).append([float(r["held_out_macro_f1"]) for r in rows])
    means = {
        name: [float(np.mean(values)) for values in zip(*curves, strict=False)]
        for name, curves in series.items()
    }
    return plots.score_curves(means) if means else ""
