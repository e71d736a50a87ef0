"""The scores of groups in words: where a model is worse, and which groups were not measured."""

from collections.abc import Mapping

from maskwise.runs.metrics import Gap, GroupScores


def gap_in_words(gap: Gap) -> str:
    """The two groups of a column that differ most, and by how much."""
    low, high = gap.ci95
    return f"{gap.column}, {gap.what}: {gap.worst} {gap.value:.3f} ({low:.3f} to {high:.3f}) below {gap.best}"


def unmeasured(groups: Mapping[str, Mapping[str, GroupScores]], unit: str = "persons") -> list[str]:
    """Groups that were not scored, as they have too few persons (or photos, the `unit`) or no labels."""
    return [
        f"{column} {name} ({entry.n_persons} {unit})"
        for column, entries in groups.items()
        for name, entry in entries.items()
        if not entry.is_measured
    ]
