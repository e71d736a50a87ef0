"""A summary of a data set: counts of photos and persons by class, value, size and fault."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise.data.near_duplicates import cross_person_duplicates
from maskwise.data.scan import Scan
from maskwise.data.table import PhotoTable
from maskwise.tasks.label_space import UNKNOWN


@dataclass(frozen=True)
class Summary:
    """Counts of a data set; each mapping goes from a name to a number of photos or persons."""

    n_photos: int
    n_persons: int | None  # None: persons are not known for all photos
    n_usable: int
    n_labelled: int
    photos_per_class: dict[str, int]
    persons_per_class: dict[str, int]
    values: dict[str, dict[str, int]]  # photos of each value of each attribute
    numbers: dict[str, list[float]]  # one number per person, for each numeric attribute
    sizes: dict[str, int]
    formats: dict[str, int]
    groups: dict[str, dict[str, int]]  # persons by value of each additional column
    photos_per_person: dict[int, int]  # from a number of photos to the persons that have as many
    n_duplicate_pairs: int
    set_aside: list[tuple[str, str]]
    group: str = "person"  # what one group is called


def summarise(table: PhotoTable, scan: Scan) -> Summary:
    """Summarise a table and its scan."""
    indices = table.label_indices()
    joint = table.task is None or table.task.score == "joint"
    known = (indices != UNKNOWN).all(axis=1)
    # Nothing of the size of the product is built where no score needs it.
    classes = table.space.encode(indices) if joint else np.where(known, 0, UNKNOWN)
    names = table.space.class_names if joint else ()
    persons = table.persons
    known_persons = not table.frame["person"].null_count()
    seen = scan.frame.filter(pl.col("reason").is_null() & pl.col("width").is_not_null())
    first = np.unique(persons, return_index=True)[1]
    per_person = np.unique(persons, return_counts=True)[1]
    return Summary(
        n_photos=len(table),
        n_persons=len(first) if known_persons else None,
        n_usable=int(scan.usable.sum()),
        n_labelled=int(known.sum()),
        photos_per_class={name: int((classes == c).sum()) for c, name in enumerate(names)},
        persons_per_class={name: len(set(persons[classes == c].tolist())) for c, name in enumerate(names)},
        values={
            a.name: _value_counts(indices[:, place], a.values)
            for place, a in enumerate(table.space.attributes)
        },
        numbers={
            a.name: table.frame[a.number_column][first.tolist()].drop_nulls().to_list()
            for a in table.space.attributes
            if a.is_numeric
        },
        sizes=_counts(seen.select(pl.format("{} x {}", "width", "height")).to_series()),
        formats=_counts(seen.select(pl.format("{} {}", "format", "mode")).to_series()),
        groups={
            name: _counts(table.frame[name][first.tolist()].cast(pl.String).fill_null("(empty)"))
            for name in table.group_columns
            if table.frame[name].n_unique() <= 12
        },
        photos_per_person=dict(sorted(zip(*_plain(np.unique(per_person, return_counts=True)), strict=True)))
        if known_persons
        else {},
        n_duplicate_pairs=len(cross_person_duplicates(scan.frame, persons)) if known_persons else 0,
        set_aside=[(str(photo), str(reason)) for photo, reason in scan.set_aside.rows()],
        group=table.task.group if table.task else "person",
    )


def _value_counts(indices: npt.NDArray[np.int64], values: tuple[str, ...]) -> dict[str, int]:
    counts = {value: int((indices == place).sum()) for place, value in enumerate(values)}
    unknown = int((indices == UNKNOWN).sum())
    return counts | ({"(unknown)": unknown} if unknown else {})


def _counts(series: pl.Series) -> dict[str, int]:
    counted = series.alias("name").value_counts(sort=True).head(12)
    return {str(name): int(count) for name, count in counted.iter_rows()}


def _plain(arrays: tuple[npt.NDArray[np.int64], ...]) -> tuple[list[int], ...]:
    return tuple(array.tolist() for array in arrays)
