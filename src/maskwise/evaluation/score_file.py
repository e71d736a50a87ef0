"""Scores of a file of predictions as JSON."""

from maskwise.evaluation.score_table import ScoreReport

SCHEMA = 1


def score_report_json(report: ScoreReport) -> dict[str, object]:
    """The report as plain data, with a schema version."""
    return {
        "schema": SCHEMA,
        "scores": [
            {
                "what": score.what,
                "measure": score.measure,
                "value": score.interval.value,
                "low": score.interval.low,
                "high": score.interval.high,
                "level": score.interval.level,
                "n_classes": score.n_classes,
            }
            for score in report.scores
        ],
        "n_rows": report.n_rows,
        "n_groups": report.n_groups,
        "group": report.group,
        "notes": list(report.notes),
    }
