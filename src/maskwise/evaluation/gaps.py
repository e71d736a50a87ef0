"""Where a model is worse: the largest gap between groups of persons, with its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Gap:
    """The two groups of a column between which accuracy differs most."""

    column: str
    what: str  # an attribute, or `all right`
    best: str
    worst: str
    value: float
    ci95: tuple[float, float]

    def sentence(self) -> str:
        """In words."""
        low, high = self.ci95
        return f"{self.column}, {self.what}: {self.worst} {self.value:.3f} ({low:.3f} to {high:.3f}) below {self.best}"


def largest_gaps(groups: Mapping[str, Mapping[str, Any]], attributes: Sequence[str]) -> list[Gap]:
    """For each column of `metrics.json`'s groups the largest gap, over attributes and all of them together.

    Groups share no person, so that the variances of their scores add up; as the two were picked for their distance, the
    interval is somewhat too far from 0.
    """
    found = []
    for column, entries in groups.items():
        of_column: list[Gap] = []
        for key, what in (("accuracy", "all right"), *((name, name) for name in attributes)):
            scored = {name: entry[key] for name, entry in entries.items() if entry.get(key)}
            if len(scored) < 2:
                continue
            best = max(scored, key=lambda name: scored[name]["value"])
            worst = min(scored, key=lambda name: scored[name]["value"])
            value = scored[best]["value"] - scored[worst]["value"]
            half = math.hypot(_half(scored[best]), _half(scored[worst]))
            of_column.append(Gap(column, what, best, worst, value, (value - half, value + half)))
        if of_column:
            found.append(max(of_column, key=lambda gap: gap.value))
    return found


def unmeasured(groups: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Groups with too few persons to be scored, in words."""
    return [
        f"{column} {name} ({entry['n_persons']} persons)"
        for column, entries in groups.items()
        for name, entry in entries.items()
        if not entry.get("accuracy")
    ]


def _half(entry: Mapping[str, Any]) -> float:
    low, high = entry["ci95"]
    return float(high - low) / 2
