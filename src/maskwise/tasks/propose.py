"""Propose a task for a table that nobody has described: guesses from its columns, each with its reason.

Pure functions on a table of text. What is a guess says so; `tasks.propose_yaml` writes it down.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from maskwise.tasks.label_space import is_reserved
from maskwise.tasks.spelling import normalized
from maskwise.tasks.task import Score

NEVER_GROUPS = frozenset({"source", "split"})
"""Columns that say where rows come from or what they are for, not whose they are."""

MAX_VALUES = 20
"""More distinct texts than this are no values to tell apart."""

MIN_GROUPS = 5
"""A value of fewer groups is proposed as unknown: too few to learn it and to score it."""

MIN_NUMBERS = 11
"""A column is taken for a measured number only with so many different numbers, or with fractions."""

_NUMERIC_SHARE = 0.6
_UNKNOWN_TEXTS = frozenset(
    {"n/a", "na", "nan", "none", "null", "unknown", "unk", "?", "-", "--", "not available"}
)
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

MOST_COMBINATIONS = 64
"""With more combinations of values than this the proposed score is the mean over the attributes."""


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


@dataclass(frozen=True)
class Proposal:
    """A task as guessed from a table, with the reasons."""

    photo_column: str
    group: str | None
    group_column: str | None
    group_reason: str
    attributes: tuple[ProposedAttribute, ...]
    left_out: tuple[tuple[str, str], ...]
    """Columns that are neither group nor attribute, each with the reason."""
    from_path: str | None = None

    @property
    def score(self) -> Score:
        """Joint where the attributes have few combinations, so that each can have photos; else the mean."""
        sizes = [len(a.boundaries) + 1 if a.boundaries else len(a.values) for a in self.attributes]
        return "joint" if math.prod(sizes) <= MOST_COMBINATIONS else "mean"


def propose_task(
    frame: pl.DataFrame, photo_column: str, *, group: str | None = None, from_path: str | None = None
) -> Proposal:
    """Guess the task of a table.

    Args:
        frame: columns as text (N rows); lists are left out.
        photo_column: the column of the photos' paths.
        group: the column of the groups, where it is known.
        from_path: the expression that read columns from the paths, to be written down.
    """
    columns = {
        name: _cells(frame[name])
        for name, dtype in frame.schema.items()
        if name != photo_column and dtype == pl.String
    }
    left_out = [(n, "lists, see several: true") for n, d in frame.schema.items() if d.is_nested()]
    group_column, reason = (group, "as asked for") if group else find_group(columns)
    groups = columns[group_column] if group_column else None
    attributes: list[ProposedAttribute] = []
    for name, cells in columns.items():
        if name == group_column:
            continue
        found = _attribute(name, cells, groups)
        if isinstance(found, ProposedAttribute):
            attributes.append(found)
        else:
            left_out.append((name, found))
    called = None if group_column is None else _level_name(group_column, [a.name for a in attributes])
    return Proposal(photo_column, called, group_column, reason, tuple(attributes), tuple(left_out), from_path)


def _cells(series: pl.Series) -> pl.Series:
    text = series.str.normalize("NFC").str.strip_chars()
    return text.replace("", None)


def _level_name(column: str, attributes: Sequence[str]) -> str:
    """What a group is called: `patient` for a column `patient_id`."""
    short = re.sub(r"[_ -]?(id|ID|Id|number|no|nr|name)$", "", column) or column
    name = short if short not in attributes else column
    return "group" if is_reserved(name) and name != "person" else name


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
        if _share_of_fractions(cells) > 0:
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


def _share_of_fractions(cells: pl.Series) -> float:
    numbers = cells.cast(pl.Float64, strict=False).drop_nulls()
    return float((numbers != numbers.floor()).mean() or 0) if len(numbers) else 0.0  # type: ignore[arg-type]


def _attribute(name: str, cells: pl.Series, groups: pl.Series | None) -> ProposedAttribute | str:
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
        n_distinct >= MIN_NUMBERS or (n_distinct >= 4 and _share_of_fractions(filled) > 0)
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
    fractions = _share_of_fractions(filled) > 0
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


def guess_from_path(paths: Sequence[str]) -> str | None:
    """An expression for names that are made of equally many parts, such as `25_0_2_20170116.jpg`; else None.

    Parts are separated by `_` or `-`. Each becomes a column `name_1`, `name_2`, ...
    """
    stems = [re.split(r"[.]", path.rsplit("/", 1)[-1], maxsplit=1)[0] for path in paths]
    for separator in ("_", "-"):
        n_parts = [stem.count(separator) + 1 for stem in stems]
        usual = max(set(n_parts), key=n_parts.count, default=1)
        if usual < 2 or usual > 8 or n_parts.count(usual) < 0.95 * len(stems):
            continue
        parts = [rf"(?P<name_{k}>[^/{separator}.]+)" for k in range(1, usual + 1)]
        return "(?:^|/)" + separator.join(parts) + r"[^/]*$"
    return None
