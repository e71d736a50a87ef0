"""Comparisons of files of predictions as JSON."""

from maskwise.studies.compare_tables import TableStudy

SCHEMA = 1


def table_study_json(study: TableStudy) -> dict[str, object]:
    """The comparisons as plain data, with a schema version."""
    return {
        "schema": SCHEMA,
        "comparisons": [
            {
                "first": str(entry.first),
                "second": str(entry.second),
                "what": entry.what,
                "measure": entry.comparison.measure,
                "score_first": entry.comparison.score_a,
                "score_second": entry.comparison.score_b,
                "difference": entry.comparison.difference.value,
                "low": entry.comparison.difference.low,
                "high": entry.comparison.difference.high,
                "level": entry.comparison.difference.level,
                "p_value": entry.comparison.p_value,
                "equivalence_p_value": entry.comparison.equivalence_p_value,
                "margin": entry.comparison.margin,
                "verdict": entry.comparison.verdict,
                "more_groups_needed": entry.comparison.more_groups_needed,
            }
            for entry in study.comparisons
        ],
        "adjustment": study.adjustment,
        "n_rows": study.n_rows,
        "n_groups": study.n_groups,
        "group": study.group,
        "notes": list(study.notes),
    }
