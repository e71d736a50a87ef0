"""Print what `maskwise data info` has counted."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from maskwise.data.summary import Summary
from maskwise.tasks.label_space import PHOTO
from maskwise.tasks.words import plural

_SHOWN_PHOTOS = 20
_BAR = 30


def print_summary(console: Console, summary: Summary) -> None:
    """Print counts, classes, numbers such as ages, and photos that can't be used."""
    console.print(
        f"{summary.n_photos:,} photos, {_count_groups(summary)}; {summary.n_usable:,} can be used, "
        f"{summary.n_labelled:,} have all labels"
    )
    if summary.n_labelled and summary.photos_per_class:
        _print_classes(console, summary)
    for name, counts in {**summary.values, **summary.groups}.items():
        _print_counts(console, name, counts)
    for name, numbers in summary.numbers.items():
        if numbers:
            ordered = sorted(numbers)
            console.print(
                f"{name}: {ordered[0]:g} to {ordered[-1]:g}, median {ordered[len(ordered) // 2]:g}; "
                f"{sum(n == ordered[-1] for n in ordered):,} at the top"
            )
    if summary.group != PHOTO:
        per_group = {str(k): v for k, v in summary.photos_per_person.items()}
        _print_counts(console, f"photos per {summary.group}", per_group)
    _print_counts(console, "sizes", summary.sizes)
    _print_counts(console, "formats", summary.formats)
    if summary.n_duplicate_pairs:
        console.print(
            f"{summary.n_duplicate_pairs} pairs of identical or near-identical photos across {plural(summary.group)}"
        )
    if summary.set_aside:
        console.print(f"{len(summary.set_aside)} photos can't be used:")
        for photo, reason in summary.set_aside[:_SHOWN_PHOTOS]:
            console.print(f"  {photo}: {reason}")
        if len(summary.set_aside) > _SHOWN_PHOTOS:
            console.print(f"  ... and {len(summary.set_aside) - _SHOWN_PHOTOS} more")


def _count_groups(summary: Summary) -> str:
    if summary.group == PHOTO:
        return "each for itself"
    groups = plural(summary.group)
    return f"{groups} unknown" if summary.n_persons is None else f"{summary.n_persons:,} {groups}"


def _print_classes(console: Console, summary: Summary) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    groups = plural(summary.group)
    for title in ("class", "", "photos", groups, ""):
        table.add_column(title, justify="right" if title in ("class", "photos", groups) else "left")
    most = max(summary.photos_per_class.values())
    for place, (name, photos) in enumerate(summary.photos_per_class.items()):
        table.add_row(
            str(place),
            name,
            f"{photos:,}",
            f"{summary.persons_per_class[name]:,}",
            "▇" * round(_BAR * photos / most),
        )
    console.print(table)


def _print_counts(console: Console, name: str, counts: Mapping[str, int]) -> None:
    if counts:
        console.print(f"{name}: " + ", ".join(f"{key} {count:,}" for key, count in counts.items()))
