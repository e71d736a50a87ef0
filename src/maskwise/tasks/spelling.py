"""One spelling for ids, labels and names, so that what looks the same is the same.

Unicode's form NFC; every kind of space a plain one; no invisible characters (category Cf, such as the zero-width
space, the soft hyphen and the byte order mark); full-width digits as plain ones. Upper and lower case are kept apart.
"""

import re
import unicodedata
from pathlib import Path

import polars as pl

_WIDE_DIGITS = {chr(0xFF10 + digit): str(digit) for digit in range(10)}
_TO_ASCII_DIGITS = str.maketrans("".join(_WIDE_DIGITS), "0123456789")
_SPACES = r"[\p{Zs}\t\n\r\x0b\x0c\x85\u2028\u2029]"
_PYTHON_SPACE = re.compile(r"[\s\x85\u2028\u2029]")


def normalized(text: str) -> str:
    """Text as it is compared, without surrounding spaces."""
    if text.isascii():
        return _PYTHON_SPACE.sub(" ", text).strip()
    plain = unicodedata.normalize("NFC", text).translate(_TO_ASCII_DIGITS)
    visible = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return _PYTHON_SPACE.sub(" ", visible).strip()


def normalized_series(text: pl.Series) -> pl.Series:
    """Texts (N,) as they are compared, without surrounding spaces; null stays null."""
    if not text.str.contains(r"[^\x00-\x7f]").any():
        return text.str.replace_all(r"[\t\n\r\x0b\x0c]", " ").str.strip_chars()
    return (
        text.str.normalize("NFC")
        .str.replace_all(r"\p{Cf}", "")
        .str.replace_all(_SPACES, " ")
        .str.replace_many(list(_WIDE_DIGITS), list(_WIDE_DIGITS.values()))
        .str.strip_chars()
    )


def case_note(ids: pl.Series, level: str) -> list[str]:
    """What to say of ids that differ only in upper and lower case: they are kept apart."""
    known = ids.drop_nulls().unique(maintain_order=True)
    folded = pl.DataFrame({"id": known, "folded": known.str.to_lowercase()})
    alike = folded.group_by("folded", maintain_order=True).agg("id").filter(pl.col("id").list.len() > 1)
    if not alike.height:
        return []
    some = ", ".join(" and ".join(row) for row in alike["id"].head(3).to_list())
    more = ", ..." if alike.height > 3 else ""
    return [
        f"{alike.height:,} ids of {level} are written in several ways that differ only in case ({some}{more}): "
        "they are taken for different ones; write them alike if they are one"
    ]


def names_on_disk(names: pl.Series, root: Path) -> pl.Series:
    """Relative paths (N,) as the disk spells them, where only the spelling differs; others stay as they are."""
    listings: dict[Path, dict[str, str]] = {}

    def listed(folder: Path) -> dict[str, str]:
        if folder not in listings:
            try:
                listings[folder] = {normalized(entry.name): entry.name for entry in folder.iterdir()}
            except (OSError, ValueError):
                listings[folder] = {}
        return listings[folder]

    def found(name: str) -> str:
        place, parts = root, []
        for part in name.split("/"):
            try:
                there = part in ("", ".", "..") or (place / part).exists()
            except (OSError, ValueError):
                return name
            spelled = part if there else listed(place).get(normalized(part))
            if spelled is None:
                return name
            parts.append(spelled)
            place = place / spelled
        return "/".join(parts)

    return pl.Series(
        names.name,
        [name if name is None or name.isascii() else found(name) for name in names],
        dtype=pl.String,
    )
