"""Guess which column of a table says what photos belong to, such as a patient or a plant."""

import math
import re
from collections.abc import Sequence

import polars as pl

NEVER_GROUPS = frozenset({"source", "split"})
"""Columns that say where rows come from or what they are for, not whose they are."""

MIN_GROUPS = 5
"""With fewer groups a column is not taken for what photos belong to, and a value for one to learn and to score."""

_GROUP_WORDS = (
    "patient",
    "subject",
    "person",
    "participant",
    "animal",
    "plant",
    "plot",
    "individual",
    "identity",
    "donor",
    "case",
    "group",
    "specimen",
    "batch",
    "part",
    "tree",
    "family",
    "user",
    "owner",
    "study",
    "id",
)
_AGREEMENT_BY_CHANCE = 0.05


def find_group(columns: dict[str, pl.Series]) -> tuple[str | None, str]:
    """The column that most likely says what photos belong to, and why; None where no column does.

    It has a value in every row, some values several times, none too often, and other columns change less inside
    its groups than across them, or its name says so.
    """
    best: tuple[float, str, str] | None = None
    for name, cells in columns.items():
        if name.lower() in NEVER_GROUPS or cells.null_count() or not len(cells):
            continue
        counts = cells.value_counts()["count"]
        n_groups, n_repeated = len(counts), int((counts > 1).sum())
        word = _group_word(name)
        many = n_groups >= max(MIN_GROUPS, len(cells) / 50)
        if n_repeated == 0 or not many or int(counts.max() or 0) > max(0.2 * len(cells), 10):  # type: ignore[arg-type]
            continue
        if share_of_fractions(cells) > 0:
            continue
        constant = sorted(
            other for other, others in columns.items() if other != name and not_by_chance(others, cells)
        )
        if not constant and not word:
            continue
        reason = f"{n_groups:,} values for {len(cells):,} photos, {n_repeated:,} of them on several"
        if constant:
            reason += f"; {_joined(constant)} {'does' if len(constant) == 1 else 'do'} not change inside"
        score = 10.0 * (word is not None) + len(constant) + n_groups / len(cells)
        if best is None or score > best[0]:
            best = (score, name, reason)
    if best is None:
        return None, "no column repeats as ids of patients, plants or parts would"
    return best[1], best[2]


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _group_word(name: str) -> str | None:
    parts = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return next((word for word in _GROUP_WORDS if word in parts), None)


def not_by_chance(labels: pl.Series, groups: pl.Series) -> bool:
    """Whether labels (N,) agree within every group (N,), in more groups than chance makes likely.

    By chance the m labels of a group agree with probability sum(p^m), p the shares of the values.
    """
    known = pl.DataFrame({"label": labels, "group": groups}).drop_nulls()
    if not known.height:
        return False
    inside = known.group_by("group").agg(pl.col("label").n_unique().alias("n"), pl.len().alias("m"))
    if (inside["n"] > 1).any():
        return False
    shares = known["label"].value_counts(normalize=True)["proportion"]
    log_chance = sum(math.log(float((shares ** int(m)).sum())) for m in inside["m"] if m > 1)
    return log_chance <= math.log(_AGREEMENT_BY_CHANCE)


def share_of_fractions(cells: pl.Series) -> float:
    """The share of a column's numbers that are not whole."""
    numbers = cells.cast(pl.Float64, strict=False).drop_nulls()
    return float((numbers != numbers.floor()).mean() or 0) if len(numbers) else 0.0  # type: ignore[arg-type]
