"""Whose picture it is that several persons' photos show, and which photos are copies of it."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from maskwise.audit.file_checks import about
from maskwise.audit.findings import Change, Finding
from maskwise.audit.transformed_copies import centred
from maskwise.data.corrections import EXCLUDE
from maskwise.data.near_duplicates import DuplicatePair, join_groups
from maskwise.data.table import PhotoTable


def across_persons(
    table: PhotoTable, pairs: Sequence[DuplicatePair], features: npt.NDArray[np.float32] | None
) -> Iterator[Finding]:
    """A finding for each photo that shows what another person's does; it proposes to leave the copy out.

    Pictures that the same persons share belong to the one of them whose other photos they look most like. Where that
    can't be told, because there are no features or no other photos, they belong to the one whose name comes first.

    Args:
        table: the photos that can be used (N).
        pairs: see `find_duplicates`.
        features: of the photos (N, F).
    """
    persons, sides = table.persons, table.frame["split"].to_list()
    direct = {place for pair in pairs for place in ((pair.first, pair.second), (pair.second, pair.first))}
    rows = sorted({row for row, _ in direct})
    each = np.arange(len(table)).astype(np.str_)
    names, files = join_groups(each, pairs), join_groups(each, [pair for pair in pairs if pair.identical])
    # Masks drawn on one picture tie several photos of a person together: those are no copies of each other.
    pictures: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        pictures.setdefault(str(names[row]), {}).setdefault(str(persons[row]), []).append(row)
    owners = _owners(pictures.values(), {} if features is None else _likeness(features, persons, rows))
    for sharing in pictures.values():
        owner, is_told = owners[frozenset(sharing)]
        which = "" if is_told else "; which of them is in its place can't be told"
        likely = 1.0 if is_told else 1 - 1 / len(sharing)  # that it is the copy, and not what is copied
        for row in sorted(row for person, photos in sharing.items() if person != owner for row in photos):
            original = next((other for other in sharing[owner] if (row, other) in direct), sharing[owner][0])
            identical = files[row] == files[original]
            split = ""
            if sides[row] and sides[original] and sides[row] != sides[original]:
                split = ", on the other side of the split"
            yield Finding(
                "identical photo" if identical else "near-identical photo",
                *about(table, row),
                (table.photo(row), table.photo(original)),
                f"{_named(table, row)} shows what {_named(table, original)} does{split}{which}",
                1.0,
                likely if identical else 0.9 * likely,
                (Change(table.photo(row), EXCLUDE, "", ""),),
            )


def _owners(
    pictures: Iterable[dict[str, list[int]]], likeness: dict[int, float]
) -> dict[frozenset[str], tuple[str, bool]]:
    """To whom the pictures belong that some persons share, and whether that can be told.

    One answer for all pictures of the same persons: of a person filed twice one folder is left as it is.

    Args:
        pictures: the rows that show each, by person.
        likeness: see `_likeness`.
    """
    told: dict[frozenset[str], dict[str, list[float]]] = {}
    for picture in pictures:
        of_these = told.setdefault(frozenset(picture), {})
        for person, photos in picture.items():
            of_these.setdefault(person, []).extend(likeness.get(row, -np.inf) for row in photos)
    means = {
        persons: {person: float(np.mean(looks)) for person, looks in of_these.items()}
        for persons, of_these in told.items()
    }
    owners = {}
    for persons, by_person in means.items():
        is_told = bool(np.isfinite(list(by_person.values())).all())
        owners[persons] = (max(by_person, key=by_person.__getitem__) if is_told else min(persons), is_told)
    return owners


def _likeness(
    features: npt.NDArray[np.float32], persons: npt.NDArray[np.str_], rows: Sequence[int]
) -> dict[int, float]:
    """How much each of some photos is like the other photos of its person; nothing for those where there are none.

    The mean cosine of features from which the mean of all is taken away; none of `rows` counts as another photo.
    """
    others: dict[str, list[int]] = {}
    of_these = np.flatnonzero(np.isin(persons, persons[list(rows)]))
    for row in np.setdiff1d(of_these, rows).tolist():
        others.setdefault(str(persons[row]), []).append(row)
    mean = features.mean(axis=0)
    mine = {row: others[person] for row in rows if (person := str(persons[row])) in others}
    return {
        row: float((centred(features[photos], mean) @ centred(features[[row]], mean)[0]).mean())
        for row, photos in mine.items()
    }


def _named(table: PhotoTable, row: int) -> str:
    person = table.frame["person"][row]
    return f"{table.photo(row)} of {person}" if person else table.photo(row)
