"""What data sets call the parts of a split."""

HELD_OUT = "held-out"

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": HELD_OUT,
    "valid": HELD_OUT,
    "validation": HELD_OUT,
    "dev": HELD_OUT,
    "test": HELD_OUT,
    "testing": HELD_OUT,
    HELD_OUT: HELD_OUT,
}
"""From the names in use, in small letters, to those of a table's column `split`."""


def split_note(names: set[str]) -> tuple[str, ...]:
    """What to say where several parts became one."""
    held_out = sorted(name for name in names if SPLIT_NAMES.get(name.lower()) == HELD_OUT)
    return (f"{' and '.join(held_out)} together are held out",) if len(held_out) > 1 else ()
