"""A label space: attributes, their values or numeric boundaries, and the joint classes they span."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from maskwise.errors import InputError

UNKNOWN = -1
"""The index of a label that is not known."""

PHOTO = "photo"
"""The level of attributes that can change from photo to photo."""

RESERVED = frozenset(
    {
        "photo",
        "class",
        "confidence",
        "decision",
        "error",
        "person",
        "split",
        "source",
        "id",
        "label",
        "face",
        "frame",
        "track",
    }
)
"""Columns of tables and predictions: an attribute of such a name has its values in `<name>_label`."""

_RESERVED_PATTERN = re.compile(r"p_\d+")

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Attribute:
    """One labelled property: either named values, or a number cut into bands at `boundaries`.

    A number equal to a boundary belongs to the band above it: with boundaries 30 and 60, 29 is the first
    band, 30 and 59 the second, 60 the third. `per` is the level at which it does not change: `photo`, or a
    group's name. `fractions` says that the numbers are not all whole, which changes the bands' names.
    """

    name: str
    per: str = PHOTO
    values: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()
    range: tuple[float, float] | None = None
    unit: str = ""
    fractions: bool = False

    def __post_init__(self) -> None:
        if self.boundaries:
            if self.values:
                raise InputError(f"Expected attribute {self.name} to have values or boundaries, got both.")
            if self.range is None:
                raise InputError(f"Expected attribute {self.name} to state its range beside boundaries.")
            edges = (self.range[0], *self.boundaries, self.range[1])
            if not all(map(math.isfinite, edges)):
                raise InputError(f"Expected finite boundaries and range of {self.name}, got {list(edges)}.")
            if any(low >= high for low, high in itertools.pairwise(edges)):
                raise InputError(
                    f"Expected the boundaries of {self.name} to rise inside {list(self.range)}, "
                    f"got {list(self.boundaries)}."
                )
            object.__setattr__(self, "values", band_names(self.boundaries, fractions=self.fractions))
        if len(self.values) < 2 or len(set(self.values)) != len(self.values):
            raise InputError(
                f"Expected attribute {self.name} to have at least 2 distinct values, got {list(self.values)}."
            )

    @property
    def is_numeric(self) -> bool:
        """Whether the attribute is measured as a number and cut into bands."""
        return bool(self.boundaries)

    @property
    def constant(self) -> bool:
        """Whether it is the same on all photos of a group."""
        return self.per != PHOTO

    @property
    def label_column(self) -> str:
        """The table's column with the name of the value: `<name>_band` for numbers, `<name>_label` where reserved."""
        if self.is_numeric:
            return f"{self.name}_band"
        return f"{self.name}_label" if is_reserved(self.name) else self.name

    @property
    def number_column(self) -> str:
        """The table's column with a numeric attribute's number: its name, `<name>_number` where reserved."""
        return f"{self.name}_number" if is_reserved(self.name) else self.name

    def band(self, numbers: npt.ArrayLike) -> Indices:
        """Indices (N,) of the bands that numbers (N,) fall into; NaN gives -1."""
        array = np.asarray(numbers, dtype=np.float64)
        bands = np.searchsorted(np.asarray(self.boundaries), array, side="right").astype(np.int64)
        return np.where(np.isnan(array), UNKNOWN, bands)


def is_reserved(name: str) -> bool:
    """Whether tables or predictions have a column of this name that is no attribute's."""
    return name in RESERVED or _RESERVED_PATTERN.fullmatch(name) is not None


def band_names(boundaries: Sequence[float], *, fractions: bool = False) -> tuple[str, ...]:
    """Names of the bands between boundaries.

    For whole numbers `(30, 60)` gives `<30`, `30-59`, `>=60`. Where numbers or boundaries are fractions, or a
    boundary is negative, the middle is `[30, 60)`.
    """
    intervals = fractions or any(cut < 0 or not float(cut).is_integer() for cut in boundaries)

    def text(number: float) -> str:
        return f"{number:.12g}"

    middle = [
        f"[{text(low)}, {text(high)})" if intervals else f"{text(low)}-{text(high - 1)}"
        for low, high in itertools.pairwise(boundaries)
    ]
    return (f"<{text(boundaries[0])}", *middle, f">={text(boundaries[-1])}")


@dataclass(frozen=True)
class LabelSpace:
    """Attributes in order, and the joint classes: the first attribute varies slowest."""

    name: str
    attributes: tuple[Attribute, ...]
    faces: bool = False
    """Whether the photos show faces: `auto` then means a face-trained backbone on photos cut to the face."""

    def __post_init__(self) -> None:
        names = [attribute.name for attribute in self.attributes]
        if not names or len(set(names)) != len(names):
            raise InputError(f"Expected a label space to have attributes of distinct names, got {names}.")

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of values of each attribute."""
        return tuple(len(attribute.values) for attribute in self.attributes)

    @property
    def n_classes(self) -> int:
        """The number of joint classes."""
        return math.prod(self.sizes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each joint class, the values joined by ` / `."""
        values = self.decode(np.arange(self.n_classes))
        return tuple(
            " / ".join(a.values[i] for a, i in zip(self.attributes, row, strict=True)) for row in values
        )

    def encode(self, indices: npt.ArrayLike) -> Indices:
        """Joint classes (N,) of attribute indices (N, A); -1 where any attribute is unknown (-1).

        Raises:
            ValueError: when an index is not a value of its attribute.
        """
        array = np.asarray(indices, dtype=np.int64).reshape(-1, len(self.sizes))
        unknown = (array == UNKNOWN).any(axis=1)
        if ((array < UNKNOWN) | (array >= np.asarray(self.sizes))).any():
            raise ValueError(f"Expected attribute indices to be -1 or below {self.sizes}, got others.")
        classes = np.ravel_multi_index(np.maximum(array, 0).T, self.sizes).astype(np.int64)
        return np.where(unknown, UNKNOWN, classes)

    def decode(self, classes: npt.ArrayLike) -> Indices:
        """Attribute indices (N, A) of joint classes (N,); an unknown class (-1) gives -1 throughout.

        Raises:
            ValueError: when a class is not below `n_classes`.
        """
        array = np.asarray(classes, dtype=np.int64).reshape(-1)
        if ((array < UNKNOWN) | (array >= self.n_classes)).any():
            raise ValueError(f"Expected classes to be -1 or below {self.n_classes}, got others.")
        indices = np.stack(np.unravel_index(np.maximum(array, 0), self.sizes), axis=1).astype(np.int64)
        return np.where((array == UNKNOWN)[:, None], UNKNOWN, indices)

    def with_boundaries(self, boundaries: Mapping[str, Sequence[float]]) -> "LabelSpace":
        """The same space with other boundaries for numeric attributes: a training choice.

        Raises:
            InputError: when a name is no numeric attribute, or the number of bands would change.
        """
        numeric = {a.name: a for a in self.attributes if a.is_numeric}
        for name, cuts in boundaries.items():
            if name not in numeric:
                raise InputError(f"Expected boundaries for one of {sorted(numeric)}, got {name!r}.")
            if len(cuts) != len(numeric[name].boundaries):
                raise InputError(
                    f"Expected {len(numeric[name].boundaries)} boundaries for {name}, got {list(cuts)}."
                )
        return replace(
            self,
            attributes=tuple(
                replace(a, values=(), boundaries=tuple(boundaries[a.name])) if a.name in boundaries else a
                for a in self.attributes
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain data, for JSON or YAML."""
        return {
            "name": self.name,
            "attributes": [
                {
                    "name": a.name,
                    "per": a.per,
                    **(
                        {"boundaries": list(a.boundaries), "range": list(a.range or ()), "unit": a.unit}
                        if a.is_numeric
                        else {"values": list(a.values)}
                    ),
                    **({"fractions": True} if a.fractions else {}),
                }
                for a in self.attributes
            ],
            **({"faces": True} if self.faces else {}),
        }

    @classmethod
    def from_dict(cls, declaration: Mapping[str, Any]) -> "LabelSpace":
        """Read a declaration.

        Raises:
            InputError: when a key is missing, unknown or of the wrong type.
        """
        try:
            return cls(
                name=str(declaration["name"]),
                attributes=tuple(_attribute(entry) for entry in declaration["attributes"]),
                faces=bool(declaration.get("faces", False)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"Expected a label space with name and attributes, got: {error!r}.") from error


_RETIRED = frozenset({"constant", "file_names"})
"""Keys of declarations that runs stored before attributes had a level."""


def _attribute(entry: Mapping[str, Any]) -> Attribute:
    span = entry.get("range")
    known = {"name", "per", "values", "boundaries", "range", "unit", "fractions"}
    if unknown := set(entry) - known - _RETIRED:
        raise InputError(f"Expected an attribute to have keys {sorted(known)}, got {sorted(unknown)}.")
    per = entry["per"] if "per" in entry else "person" if entry["constant"] else PHOTO
    return Attribute(
        name=str(entry["name"]),
        per=str(per),
        values=tuple(str(value) for value in entry.get("values", ())),
        boundaries=tuple(float(cut) for cut in entry.get("boundaries", ())),
        range=(float(span[0]), float(span[1])) if span else None,
        unit=str(entry.get("unit", "")),
        fractions=bool(entry.get("fractions", False)),
    )
