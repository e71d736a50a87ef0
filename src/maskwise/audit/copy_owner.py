"""Which person a shared picture belongs to, and so which of the photos that show it are copies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.audit.transformed_copies import Features, centred_unit_vectors
from maskwise.data.near_duplicates import DuplicatePair, join_groups


@dataclass(frozen=True)
class CopiedPhoto:
    """A photo that shows the picture of another person's photo."""

    row: int
    original: int  # row of the owner's photo
    identical: bool  # whether the files are
    probability: float  # that `row` is the copy, and not the original


def find_copied_photos(
    persons: npt.NDArray[np.str_], pairs: Sequence[DuplicatePair], features: Features | None
) -> list[CopiedPhoto]:
    """The photos that are copies of another person's photo.

    Pictures that the same persons share belong to the person whose other photos they resemble most. Where that is not
    known, because there are no features or no other photos, they belong to the person whose name is first in order.

    Args:
        persons: of the photos (N,).
        pairs: of rows of photos of different persons that show one picture.
        features: of the photos (N, F).
    """
    linked = {link for pair in pairs for link in ((pair.first, pair.second), (pair.second, pair.first))}
    rows = sorted({row for row, _ in linked})
    each = np.arange(len(persons)).astype(np.str_)
    picture_of, file_of = (
        join_groups(each, pairs),
        join_groups(each, [pair for pair in pairs if pair.identical]),
    )
    # Masks drawn on one picture link several photos of a person: those are not copies of each other.
    pictures: dict[str, dict[str, list[int]]] = {}
    for row in rows:
        pictures.setdefault(str(picture_of[row]), {}).setdefault(str(persons[row]), []).append(row)
    similarity = {} if features is None else _similarity_to_own(features, persons, rows)
    owners = _owners(list(pictures.values()), similarity)
    found = []
    for sharing in pictures.values():
        owner, is_known = owners[frozenset(sharing)]
        probability = 1.0 if is_known else 1 - 1 / len(sharing)
        for row in sorted(row for person, photos in sharing.items() if person != owner for row in photos):
            original = next((other for other in sharing[owner] if (row, other) in linked), sharing[owner][0])
            found.append(CopiedPhoto(row, original, bool(file_of[row] == file_of[original]), probability))
    return found


def _owners(
    pictures: Sequence[dict[str, list[int]]], similarity: dict[int, float]
) -> dict[frozenset[str], tuple[str, bool]]:
    """The owner of the pictures that some persons share, and whether it is known rather than chosen by name.

    There is one owner for all pictures of the same persons: of a person filed twice one folder stays complete.

    Args:
        pictures: the rows that show each picture, by person.
        similarity: see `_similarity_to_own`.
    """
    collected: dict[frozenset[str], dict[str, list[float]]] = {}
    for picture in pictures:
        by_person = collected.setdefault(frozenset(picture), {})
        for person, photos in picture.items():
            by_person.setdefault(person, []).extend(similarity.get(row, -np.inf) for row in photos)
    owners = {}
    for persons, values in collected.items():
        means = {person: float(np.mean(of_person)) for person, of_person in values.items()}
        is_known = bool(np.isfinite(list(means.values())).all())
        owners[persons] = (max(means, key=means.__getitem__) if is_known else min(persons), is_known)
    return owners


def _similarity_to_own(
    features: Features, persons: npt.NDArray[np.str_], rows: Sequence[int]
) -> dict[int, float]:
    """The mean cosine similarity of each of some photos to the other photos of its person.

    Features are centred on the mean of all photos, and none of `rows` counts as another photo. Rows of persons without
    other photos are left out.
    """
    others: dict[str, list[int]] = {}
    of_these = np.flatnonzero(np.isin(persons, persons[list(rows)]))
    for row in np.setdiff1d(of_these, rows).tolist():
        others.setdefault(str(persons[row]), []).append(row)
    mean = features.mean(axis=0)
    own = {row: others[person] for row in rows if (person := str(persons[row])) in others}
    return {
        row: float(
            (
                centred_unit_vectors(features[photos], mean) @ centred_unit_vectors(features[[row]], mean)[0]
            ).mean()
        )
        for row, photos in own.items()
    }
