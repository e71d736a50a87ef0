"""Guess an attribute from a column of a table: its values, or the boundaries of its bands."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from maskwise.tasks.propose_group import MIN_GROUPS, NEVER_GROUPS, not_by_chance, share_of_fractions
from maskwise.tasks.spelling import normalized

MAX_VALUES = 20
"""More distinct texts than this are no values to tell apart."""

MIN_NUMBERS = 11
"""A column is taken for a measured number only with so many different numbers, or with fractions."""

_NUMERIC_SHARE = 0.6
_UNKNOWN_TEXTS = frozenset(
    {"n/a", "na", "nan", "none", "null", "unknown", "unk", "?", "-", "--", "not available"}
)


@dataclass(frozen=True)
class ProposedAttribute:
    """One attribute, by the column it is read from."""

    name: str
    column: str
    per_group: bool
    values: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()
    range: tuple[float, float] | None = None
    unit: str = ""
    fractions: bool = False
    to_unknown: tuple[tuple[str, str], ...] = ()
    """Texts that are proposed as unknown, each with the reason."""
    unknown: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    """What a person should look at."""


def propose_attribute(name: str, cells: pl.Series, groups: pl.Series | None) -> ProposedAttribute | str:
    """An attribute from a column, or why it is none."""
    if not name.isprintable() or name != normalized(name) or not name:
        return "a name with characters that can't be seen"
    if name.lower() in NEVER_GROUPS:
        return (
            "where rows come from or what they are for; slices can use it"
            if name.lower() == "source"
            else ("read as the split")
        )
    unknown = tuple(sorted({c for c in cells.drop_nulls().unique().to_list() if c.lower() in _UNKNOWN_TEXTS}))
    filled = cells.filter(cells.is_not_null() & ~cells.is_in(list(unknown)))
    if not len(filled):
        return "empty"
    per_group = groups is not None and not_by_chance(cells.replace(dict.fromkeys(unknown)), groups)
    numbers = filled.cast(pl.Float64, strict=False)
    finite = numbers.filter(numbers.is_finite().fill_null(False))
    n_distinct = finite.n_unique()
    measured = len(finite) >= _NUMERIC_SHARE * len(filled) and (
        n_distinct >= MIN_NUMBERS or (n_distinct >= 4 and share_of_fractions(filled) > 0)
    )
    if measured and not filled.str.contains(r"^0\d").any():
        return _measured(name, filled, numbers, finite, per_group, unknown)
    return _named(name, filled, cells, groups, per_group, unknown)


def _measured(
    name: str,
    filled: pl.Series,
    numbers: pl.Series,
    finite: pl.Series,
    per_group: bool,
    unknown: tuple[str, ...],
) -> ProposedAttribute | str:
    is_order = finite.n_unique() == len(finite) and bool((finite.sort().diff().drop_nulls() == 1).all())
    if is_order and len(finite) > MIN_NUMBERS:
        return "numbers in a row, such as an index"
    low, high = float(finite.min() or 0), float(finite.max() or 0)  # type: ignore[arg-type]
    fractions = share_of_fractions(filled) > 0
    boundaries = _terciles(finite, fractions)
    if not boundaries:
        return "nearly always the same number"
    texts = filled.filter(~numbers.is_finite().fill_null(False)).unique(maintain_order=True).to_list()
    is_age = "age" in re.split(r"[^a-z]+", name.lower())
    span = _range(low, high)
    if is_age and low >= 0 and high <= 120:
        span = (0.0, 120.0)
    return ProposedAttribute(
        name,
        name,
        per_group,
        boundaries=boundaries,
        range=span,
        unit="years" if is_age and high <= 120 else "",
        fractions=fractions,
        to_unknown=tuple((text, "no number") for text in texts),
        unknown=unknown,
        check=(f"boundaries at terciles of {len(finite):,} numbers from {low:g} to {high:g}",),
    )


def _terciles(numbers: pl.Series, fractions: bool) -> tuple[float, ...]:
    """Boundaries that cut numbers into three bands of about the same size; fewer where numbers repeat much."""
    found: list[float] = []
    for share in (1 / 3, 2 / 3):
        cut = float(numbers.quantile(share, "nearest") or 0)
        cut = _rounded(cut) if fractions else float(math.ceil(cut))
        below, above = int((numbers < cut).sum()), int((numbers >= cut).sum())
        if (
            below
            and above
            and cut not in found
            and (not found or int(((numbers >= found[-1]) & (numbers < cut)).sum()))
        ):
            found.append(cut)
    return tuple(found)


def _rounded(number: float) -> float:
    """A number with three significant digits."""
    return float(f"{number:.3g}")


def _range(low: float, high: float) -> tuple[float, float]:
    """A range with room, at round numbers: from 0 where nothing is negative."""
    step = 10.0 ** math.floor(math.log10(max(abs(low), abs(high), 1e-9)))
    top = math.ceil(high / step + 1e-9) * step
    bottom = 0.0 if low >= 0 else math.floor(low / step - 1e-9) * step
    return float(f"{bottom:.6g}"), float(f"{top if top > high else top + step:.6g}")


def _named(
    name: str,
    filled: pl.Series,
    cells: pl.Series,
    groups: pl.Series | None,
    per_group: bool,
    unknown: tuple[str, ...],
) -> ProposedAttribute | str:
    counted = filled.value_counts(sort=True).sort(["count", name], descending=[True, False])
    n_distinct = counted.height
    if n_distinct == len(filled) and n_distinct > 2:
        return "different on each photo"
    if n_distinct > MAX_VALUES:
        return f"{n_distinct:,} different texts"
    if n_distinct < 2:
        return f"always {counted[name][0]}"
    table = pl.DataFrame({"value": cells, "group": groups if groups is not None else range(len(cells))})
    of_value = dict(table.drop_nulls().group_by("value").agg(pl.col("group").n_unique()).iter_rows())
    what = "groups" if groups is not None else "photos"
    rare = [v for v in counted[name].to_list() if of_value[v] < MIN_GROUPS]
    frequent = [v for v in counted[name].to_list() if v not in rare]
    if len(frequent) < 2:
        return f"fewer than two values with at least {MIN_GROUPS} {what}"
    variants = _variants(frequent)
    return ProposedAttribute(
        name,
        name,
        per_group,
        values=tuple(frequent),
        to_unknown=tuple((v, f"only {of_value[v]} {what}") for v in rare),
        unknown=unknown,
        check=tuple(f"{a} and {b} may be the same" for a, b in variants),
    )


def _variants(values: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of values that differ only in capitals and spaces."""
    plain: dict[str, str] = {}
    pairs = []
    for value in values:
        key = re.sub(r"[\s_-]+", "", normalized(value).casefold())
        if key in plain:
            pairs.append((plain[key], value))
        plain.setdefault(key, value)
    return pairs
